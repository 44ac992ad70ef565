// The virtual POS without leaving the page; it works without this file.
"use strict";
(() => {
  const pos = document.querySelector("[data-pos]");
  if (!pos) return;
  const amount = () => document.querySelector("[data-amount]");

  // The wire opens by itself where there is room for it, and stays as it was left.
  const fold = () => document.querySelector("[data-part=wire]");
  if (matchMedia("(min-width: 76rem)").matches) fold().open = true;

  // Digits go in from the right, as on a real machine: 1, 2, 3, 4 is 12.34.
  const fen = () => Math.round(Number(amount().value.replace(/[^0-9.]/g, "")) * 100) || 0;
  const show = (value) => {
    if (value > 99999999) return;
    amount().value = (value / 100).toFixed(2);
    const row = pos.querySelectorAll(".pos-row")[2];
    if (row) row.replaceChildren(...amount().value.padEnd(16).split("").map((c) => { const cell = document.createElement("span"); cell.textContent = c; return cell; }));
  };
  const press = (key) => {
    if (key === "cancel") show(0);
    else if (key === "clear") show(Math.floor(fen() / 10));
    else if (key === "00") show(fen() * 100);
    else show(fen() * 10 + Number(key));
  };

  const replace = (page) => {
    for (const name of ["about", "log", "screen", "paper"]) {
      const fresh = page.querySelector(`[data-part=${name}]`);
      const old = document.querySelector(`[data-part=${name}]`);
      if (!fresh || !old) continue;
      const before = old.querySelector("[data-slip]")?.dataset.slip;
      old.replaceChildren(...fresh.childNodes);
      const slip = old.querySelector("[data-slip]");
      if (slip && slip.dataset.slip !== before) slip.classList.add("fresh");
    }
    const wire = page.querySelector("[data-part=wire]");
    if (wire) fold().replaceChildren(...wire.childNodes);
    const error = page.getElementById("pos-error");
    if (error) document.getElementById("pos-error").replaceChildren(...error.childNodes);
    const typed = page.querySelector("[data-amount]");
    if (typed) amount().value = typed.value;
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.matches("[data-keys]")) return;
    event.preventDefault();
    if (pos.getAttribute("aria-busy") === "true") return;
    const button = event.submitter;
    if (button?.dataset.key) return press(button.dataset.key);
    const body = new URLSearchParams(new FormData(form));
    if (button?.name) body.set(button.name, button.value);
    pos.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.action, { method: "POST", body });
      replace(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      form.submit();
    } finally {
      pos.removeAttribute("aria-busy");
    }
  });

  document.querySelector("[data-choose] select")?.addEventListener("change", (event) => event.target.form.requestSubmit());

  // The keys of the keyboard are the keys of the machine, unless somebody types in a field.
  document.addEventListener("keydown", (event) => {
    if (/^(input|textarea|select|button|a|summary)$/i.test(event.target.tagName) || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key === "Backspace" ? "clear" : event.key === "Escape" ? "cancel" : event.key;
    if (/^[0-9]$|^clear$|^cancel$/.test(key)) { event.preventDefault(); press(key); }
    else if (event.key === "Enter") document.querySelector("[data-keys]").requestSubmit();
  });
})();
