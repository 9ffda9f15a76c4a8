// A text file is read in the browser, as the bytes that it is: which encoding it has is found out by the server.
const opener = make("button", { type: "button", class: "opener" }, words.open);
const chosen = make("span", { class: "say chosen", "aria-live": "polite" });
const drop = make("button", { type: "button", class: "drop-file", "aria-label": words.remove, hidden: true }, "✕");
const file = make("input", { type: "file", accept: ".txt,.md,.csv,.tsv,text/plain", hidden: true, tabindex: "-1", "aria-label": words.open });
element.querySelector(".text-file").replaceChildren(opener, file, chosen, drop);

function show() {
  const { name, told } = props.value ?? {};
  chosen.textContent = told ?? words.none;
  chosen.classList.toggle("trouble", Boolean(told) && !name);
  drop.hidden = !name;
}

const asBase64 = (blob) =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result.slice(reader.result.indexOf(",") + 1)));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(blob);
  });

async function read(one) {
  if (one.size > Number(words.most_bytes)) {
    chosen.textContent = words.too_large;
    chosen.classList.add("trouble");
    return;
  }
  chosen.textContent = words.reading;
  try {
    props.value = { file: one.name, bytes: one.size ? await asBase64(one) : "" };
    trigger("select", {});
  } catch {
    chosen.textContent = words.unreadable;
    chosen.classList.add("trouble");
  }
}

opener.addEventListener("click", () => file.click());
file.addEventListener("change", () => {
  const [one] = file.files;
  if (one) read(one);
  file.value = "";
});
drop.addEventListener("click", () => {
  props.value = { file: null };
  trigger("select", {});
});
watch("value", () => {
  if (!props.value?.bytes) show();
});
show();
