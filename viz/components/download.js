const two = (number) => String(number).padStart(2, "0");
watch("value", () => {
  const value = props.value;
  if (!value) return;
  const now = new Date();
  const date = [now.getFullYear(), two(now.getMonth() + 1), two(now.getDate())].join("-");
  if (value.rows) return offer(csv(value.rows), "text/csv;charset=utf-8", `${value.stem}-${date}.csv`);
  const kind = value.kind ?? "json";
  offer(value.text, { json: "application/json", html: "text/html" }[kind], `${value.stem}-${date}.${kind}`);
});
