// In the form that asks for a password. Where the browser keeps no cookie for this page, the right password would be
// forgotten at once, and the form would come back without a word. The two cookies are of the kinds that the server sets.
(() => {
  const kept = (kind) => {
    try {
      document.cookie = `gpt-inside-out-probe=1; ${kind}`;
      const there = document.cookie.includes("gpt-inside-out-probe=1");
      document.cookie = `gpt-inside-out-probe=; Max-Age=0; ${kind}`;
      return there;
    } catch {
      return false; // a frame whose sandbox forbids cookies
    }
  };
  if (["SameSite=Lax", "SameSite=None; Secure"].some(kept)) return;
  const note = document.createElement("p");
  note.id = "no-cookies";
  note.setAttribute("role", "alert");
  note.style.cssText = "margin:12px auto;padding:10px 16px;max-width:30rem;border:1px solid #f59e0b;border-radius:10px;"
    + "background:#fff7e6;color:#7a4a04;font:15px/1.45 system-ui,sans-serif";
  const framed = self !== top;
  note.append(framed ? words.framed : words.alone);
  if (framed) {
    const link = document.createElement("a");
    Object.assign(link, { href: location.href, target: "_blank", rel: "noopener", textContent: words.open });
    link.style.cssText = "color:inherit;font-weight:600";
    note.append(" ", link);
  }
  document.body.prepend(note);
})();
