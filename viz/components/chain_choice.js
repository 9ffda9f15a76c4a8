const state = () => ({ order: null, values: {}, logit_bias: {}, serial: 0, ...props.value });
const put = (more) => (props.value = { ...state(), ...more, serial: state().serial + 1 });

function change(event) {
  if (!element.isConnected) return document.removeEventListener("chain-change", change);
  const { set, ...rest } = event.detail;
  const values = Object.entries({ ...state().values, ...set }).filter(([, number]) => number !== null);
  put({ values: Object.fromEntries(values), ...rest });
}

function bias(event) {
  if (!element.isConnected) return document.removeEventListener("token-action", bias);
  const { action, token_id: id } = event.detail;
  if (action !== "ban" && action !== "boost") return;
  const before = state().logit_bias;
  if (action === "ban" && before[id] <= Number(words.ban)) return unbias(event);
  if (!(id in before) && Object.keys(before).length >= Number(words.biases)) return;
  const boosted = Math.min(Number(words.most), Math.max(0, before[id] ?? 0) + Number(words.boost));
  put({ logit_bias: { ...before, [id]: action === "ban" ? Number(words.ban) : boosted } });
}

function unbias(event) {
  if (!element.isConnected) return document.removeEventListener("chain-unbias", unbias);
  const { [event.detail.token_id]: gone, ...rest } = state().logit_bias;
  put({ logit_bias: rest });
}

document.addEventListener("chain-change", change);
document.addEventListener("chain-unbias", unbias);
document.addEventListener("token-action", bias);
