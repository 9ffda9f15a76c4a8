const two = (number) => String(number).padStart(2, "0");
watch("value", () => {
  const value = props.value;
  if (!value) return;
  const now = new Date();
  const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join("-");
  const address = URL.createObjectURL(new Blob([value.text], { type: "application/json" }));
  make("a", { href: address, download: `${value.stem}-${date}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000); // not before the browser has read it
});
