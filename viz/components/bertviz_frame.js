const note = element.querySelector(".say");
const holder = element.querySelector(".bertviz");
// A page of its own, so that scripts may stand in it which the policy of the page around it would refuse.
const GUEST_ROOM = new URL("bertviz-frame.html", document.baseURI).href;
const STYLE = `
  :root{--ink:#1f2937;--hover:#e0e7ff;--card:#fff} .dark{--ink:#e5e7eb;--hover:#3b3f63;--card:#171a21}
  body{margin:0;background:transparent;color:var(--ink);overflow-x:auto;overflow-y:hidden}
  body>div{width:max-content;min-width:336px;margin:0 auto;font-family:system-ui,sans-serif!important}
  text{fill:var(--ink)} #vis svg{display:block}`;
const STYLES = { // of the views; BertViz writes some colours into the elements
  head: `
    #vis{padding-right:16px} #vis svg{overflow:visible;width:max(336px,calc(var(--heads,0)*20px))!important}
    span:has(#layer){display:none}
    text{font-size:14px} rect.background{fill:var(--hover)} rect[height="20"]{cursor:pointer}`,
  model: `
    body{padding-bottom:16px} #vis svg{fill:var(--card)} rect.attn_background{fill:transparent} .dark #vis svg{filter:brightness(1.7)}
    rect.detail{fill:var(--card)} line[stroke-opacity="0"]{display:none} rect.highlight{fill:var(--hover)}`,
  neuron: `
    body{padding-bottom:16px} body>div{padding:0 8px!important;background:transparent!important} .menus{display:none}
    #vis svg{width:1040px} text{fill:var(--ink)!important} #leftText .highlight{fill:var(--hover)}`,
};
// Inside the frame: take the colours from the page around it, and tell it the height.
const GUEST = `
  addEventListener("message", (event) => document.documentElement.classList.toggle("dark", Boolean(event.data.dark)));
  new ResizeObserver(() => parent.postMessage({ height: document.body.scrollHeight }, "*")).observe(document.body);`;
let frame = null;
let libraries = null;
let drawn = "";

const dark = () => document.body.classList.contains("dark");
const tell = () => frame?.contentWindow?.postMessage({ dark: dark() }, "*");

async function draw() {
  const value = props.value;
  note.textContent = value?.note || words.empty;
  if (!value?.page) return holder.replaceChildren();
  if (value.page === drawn) return;
  try {
    libraries ??= await server.scripts();
  } catch {
    note.textContent = words.failed;
    return;
  }
  if (props.value !== value) return; // a newer value is on its way
  drawn = value.page;
  const look = `<style>${STYLE}${STYLES[value.kind] || ""}</style>`;
  const page = `<!doctype html><html translate="no" class="${dark() ? "dark" : ""}"><head><meta charset="utf-8">${look}${libraries}</head>`;
  const fresh = make("iframe", { translate: "no", sandbox: "allow-scripts", title: value.title, scrolling: value.kind === "head" && "no" });
  fresh.style.height = frame?.isConnected ? frame.style.height : "20em";
  const whole = `${page}<body>${value.page}<script>${GUEST}</` + "script></body></html>";
  fresh.src = GUEST_ROOM;
  fresh.addEventListener("load", () => { // once it is there, and again once it has written that over itself
    fresh.contentWindow.postMessage({ page: whole }, "*");
    fresh.addEventListener("load", tell);
  }, { once: true });
  frame = fresh;
  holder.replaceChildren(frame);
}

function onMessage(event) {
  if (!element.isConnected) return removeEventListener("message", onMessage);
  if (!frame || event.source !== frame.contentWindow || !Number.isFinite(event.data?.height)) return;
  frame.style.height = `${Math.min(Math.max(event.data.height, 60), 4000)}px`;
}

addEventListener("message", onMessage);
new MutationObserver(tell).observe(document.body, { attributes: true, attributeFilter: ["class"] });
watch("value", draw);
draw();
