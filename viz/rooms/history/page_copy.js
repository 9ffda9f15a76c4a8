// The texts of this page in the storage of its tab, which outlives a reload: where the server has forgotten them, they are
// sent back. Only the one on the page comes whole; of the others its value tells the ids.
const TEXT_OF_TAB = "gpt-inside-out-text:";
const PAGE_MOST = 80; // texts, with those that Undo may bring back

// The run that a value tells of, with the fields of its file and in their order.
function runOf({ run, steps }) {
  const names = words.fields.split(" ");
  const whole = steps.map((line) => {
    const values = JSON.parse(line);
    const step = Object.fromEntries(names.map((name, index) => [name, values[index]]));
    return { ...step, surprisal_bits: -step.logprob / Math.LN2, ...values[names.length] };
  });
  return { ...run, steps: whole };
}

function pageOfTab() {
  const data = parsed(fetched(ofTab, words.copy));
  const right = isObject(data) && Array.isArray(data.texts) && data.texts.every((one) => isObject(one) && typeof one.id === "string");
  return right ? data : { current: null, texts: [] };
}

function keepPage({ id, page }, run) {
  if (!ofTab) return;
  const wanted = new Set(page.map((one) => one.id));
  const kept = keysOf(ofTab, TEXT_OF_TAB);
  const spare = kept.filter((key) => !wanted.has(key.slice(TEXT_OF_TAB.length)));
  if (kept.length >= PAGE_MOST) for (const key of spare.splice(0)) removed(ofTab, key);
  const raw = JSON.stringify(run);
  while (!stored(ofTab, TEXT_OF_TAB + id, raw)) {
    if (!spare.length) return; // the tab has no more room: the list has it all the same
    removed(ofTab, spare.pop());
  }
  stored(ofTab, words.copy, JSON.stringify({ current: id, texts: page }));
}

// The texts that the tab has kept, as a file of them; nothing where there are none of this model.
function fileOfPage(model) {
  const { current, texts } = pageOfTab();
  let left = Number(words.most_bytes) * 0.9;
  const found = [];
  for (const one of [...texts].sort((a, b) => (b.id === current) - (a.id === current))) { // that on the page before all
    const raw = fetched(ofTab, TEXT_OF_TAB + one.id);
    const run = parsed(raw);
    left -= raw === null ? 0 : new Blob([raw]).size;
    if (isRun(run) && run.model === model && left > 0) found.push({ ...one, run });
  }
  if (!found.length) return null;
  const here = new Set(found.map((one) => one.key));
  const runs = found.sort((a, b) => a.key - b.key).map(({ key, name, parent, at, run }) => (here.has(parent) ? { key, name, parent, at, run } : { key, name, parent: null, at: 0, run }));
  const { key } = found.find((one) => one.id === current) ?? found.at(-1);
  return JSON.stringify({ schema: 1, model, runs, current: key });
}
