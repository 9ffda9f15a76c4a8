// The texts of late in the storage of the browser, each under a key of its own: two tabs never overwrite one another.
// Anything may stand there: what is no entry of ours is passed over.
const ENTRY = "gpt-inside-out-run:";
const TYPED = "gpt-inside-out-typed:";
const LATEST = 8.64e15; // ms: beyond it there are no dates
const MOST_TYPED = 3; // prompts that were typed and never sent
const MOST_TYPED_CHARACTERS = 20000;

const storageOf = (name) => {
  try {
    return window[name] ?? null;
  } catch {
    return null; // forbidden
  }
};
const [lasting, ofTab] = ["localStorage", "sessionStorage"].map(storageOf);
const fetched = (storage, key) => {
  try {
    return storage?.getItem(key) ?? null;
  } catch {
    return null;
  }
};
const stored = (storage, key, text) => { // whether there was room
  try {
    storage.setItem(key, text);
    return true;
  } catch {
    return false;
  }
};
const removed = (storage, key) => {
  try {
    storage?.removeItem(key);
  } catch {
    // forbidden: there was nothing
  }
};
const keysOf = (storage, prefix) => {
  try {
    return Object.keys(storage ?? {}).filter((key) => key.startsWith(prefix));
  } catch {
    return [];
  }
};
const parsed = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
};
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isDate = (value) => typeof value === "number" && value >= 0 && value <= LATEST;

// What the list reads of a run; whether it can be shown is the server's to say.
function isRun(run) {
  if (!isObject(run) || typeof run.model !== "string" || typeof run.prompt !== "string") return false;
  if (!Array.isArray(run.prompt_token_ids) || !Array.isArray(run.steps)) return false;
  return run.steps.every((step) => isObject(step) && typeof step.token_id === "number" && typeof step.text === "string");
}

const known = new Map(); // raw text and entry by id: most of them stay as they are
function entryOf(id) {
  const raw = fetched(lasting, ENTRY + id);
  if (raw === null) return null;
  const before = known.get(id);
  if (before?.raw === raw) return before.entry;
  const data = parsed(raw);
  const { at, name, run } = isObject(data) ? data : {};
  const right = isDate(at) && typeof name === "string" && name.length <= Number(words.most_name) && isRun(run);
  const entry = right ? { id, at, name, run, bytes: new Blob([raw]).size } : null;
  known.set(id, { raw, entry });
  return entry;
}

const entries = () => // the latest first
  keysOf(lasting, ENTRY).map((key) => entryOf(key.slice(ENTRY.length))).filter(Boolean).sort((one, other) => other.at - one.at);

// Puts an entry there, which may take the place of another; the oldest without a name make room. Whether it is there now.
function keepEntry(id, { at, name, run }, instead) {
  const raw = JSON.stringify({ at, name, run });
  const bytes = new Blob([raw]).size;
  const old = instead ? fetched(lasting, ENTRY + instead) : null;
  const others = entries().filter((one) => one.id !== id && one.id !== instead);
  const unnamed = others.filter((one) => !one.name);
  const drop = (one) => {
    removed(lasting, ENTRY + one.id);
    others.splice(others.indexOf(one), 1);
  };
  const full = () => others.length >= Number(words.most_entries) || others.reduce((sum, one) => sum + one.bytes, bytes) > Number(words.most_bytes);
  while (full() && unnamed.length) drop(unnamed.pop());
  if (full()) return false;
  if (instead && instead !== id) removed(lasting, ENTRY + instead);
  const dropped = [];
  const freed = () => dropped.reduce((sum, one) => sum + one.bytes, 0);
  while (!stored(lasting, ENTRY + id, raw)) { // the browser's own bound
    if (unnamed.length && freed() <= 2 * bytes) {
      dropped.push(unnamed.at(-1));
      drop(unnamed.pop());
      continue;
    }
    for (const one of dropped) stored(lasting, ENTRY + one.id, JSON.stringify({ at: one.at, name: one.name, run: one.run })); // it was in vain
    if (old !== null) stored(lasting, ENTRY + instead, old);
    return false;
  }
  return true;
}

const same = (one, other) => one.model === other.model && one.seed === other.seed && one.precision === other.precision;
const idsOf = (run) => [...run.prompt_token_ids, ...run.steps.map((step) => step.token_id)];
// Whether a text goes on with another one: `begun` is where it stood before.
function begins(run, begun) {
  if (!same(run, begun) || run.prompt_token_ids.length !== begun.prompt_token_ids.length) return false;
  const [ids, first] = [idsOf(run), idsOf(begun)];
  return first.length <= ids.length && first.every((id, index) => id === ids[index]);
}

// What is typed and was never sent, for each tab by itself: it outlives the tab.
const typedTexts = () =>
  keysOf(lasting, TYPED).flatMap((key) => {
    const data = parsed(fetched(lasting, key));
    const right = isObject(data) && isDate(data.at) && typeof data.text === "string" && data.text.length <= MOST_TYPED_CHARACTERS;
    return right ? [{ key, at: data.at, text: data.text }] : [];
  }).sort((one, other) => other.at - one.at);

function keepTyped(tab, text) {
  if (!text.trim() || text.length > MOST_TYPED_CHARACTERS) return removed(lasting, TYPED + tab);
  if (lasting) stored(lasting, TYPED + tab, JSON.stringify({ at: Date.now(), text }));
  for (const old of typedTexts().slice(MOST_TYPED)) removed(lasting, old.key);
}
