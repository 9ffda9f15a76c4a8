let asked = "";
function ask() {
  const key = props.value?.key ?? "";
  if (key && key !== asked) trigger("select", {});
  asked = key;
}
watch("value", ask);
ask();
