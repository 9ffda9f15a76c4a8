const EVERY = 4000; // ms between two questions
const PATIENCE = 8000; // ms for an answer: a busy server may take a while
const TOLD = 10000; // ms for which it is said that the connection is back
const UNDER_WAY = '#stop:not([disabled]), [id$="-cancel"]:not([disabled])'; // of which news should come
const ASKED = "gradio_api/app_id"; // a few bytes, for everybody
const line = element.querySelector(".network");
let [gone, asking, told] = [false, false, 0];

async function answers() { // what a proxy says of a server that is not there is no answer
  try {
    const signal = AbortSignal.timeout(PATIENCE);
    return (await fetch(new URL(ASKED, document.baseURI), { cache: "no-store", signal })).status < 500;
  } catch {
    return false;
  }
}

function tell(now) {
  if (now === gone) return;
  gone = now;
  clearTimeout(told);
  line.classList.toggle("gone", gone);
  line.textContent = gone ? words.gone : words.back;
  if (!gone) told = setTimeout(() => line.replaceChildren(), TOLD);
}

async function ask() {
  if (asking) return;
  asking = true;
  tell(!(await answers()));
  asking = false;
}

const timer = setInterval(() => {
  if (!element.isConnected) return leave();
  if (gone || (!document.hidden && document.querySelector(UNDER_WAY))) ask();
}, EVERY);
function leave() {
  clearInterval(timer);
  for (const name of ["offline", "online"]) removeEventListener(name, ask);
}
for (const name of ["offline", "online"]) addEventListener(name, ask); // a server on this machine needs no network
