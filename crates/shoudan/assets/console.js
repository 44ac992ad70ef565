// Comfort of the console only: every page works without this file.
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const typing = (event) => /^(input|textarea|select)$/i.test(event.target.tagName) || event.target.isContentEditable;

  // Keys: g and a letter go to a page, ? shows the keys, arrows walk lists, y and n mark the item of a review at hand.
  const keys = document.getElementById("keys");
  let go = 0;
  const items = all("[data-item]");
  const mark = (value) => {
    const here = items.findIndex((one) => one.contains(document.activeElement));
    const item = items[Math.max(0, here)];
    const box = item?.querySelector(`input[value="${value}"]`);
    if (!box) return;
    box.checked = true;
    box.dispatchEvent(new Event("input", { bubbles: true }));
    const after = value === "return" ? item.querySelector(".item-remark input") : items[here < 0 ? 1 : here + 1] || document.querySelector(".decision button");
    after?.focus();
    after?.scrollIntoView({ block: "nearest" });
  };
  const walk = (event) => {
    const links = all("[data-list] a, [data-list] summary");
    const here = links.indexOf(document.activeElement);
    const from = event.target.matches?.(".console-search input") ? -1 : here;
    if (!links.length || (from < 0 && here < 0 && typing(event) && !event.target.matches(".console-search input"))) return;
    const next = links[event.key === "ArrowDown" ? from + 1 : from - 1];
    if (next) { event.preventDefault(); next.focus(); }
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") return walk(event);
    if (typing(event)) { if (event.key === "Escape") event.target.blur(); return; }
    if (event.key === "?" && keys) { event.preventDefault(); return keys.open ? keys.close() : keys.showModal(); }
    if (Date.now() - go < 1500) {
      const link = document.querySelector(`[data-go="${CSS.escape(event.key)}"]`);
      go = 0;
      if (link) { event.preventDefault(); location.href = link.href; }
      return;
    }
    if (event.key === "g") go = Date.now();
    else if (event.key === "y" && items.length) { event.preventDefault(); mark("accept"); }
    else if (event.key === "n" && items.length) { event.preventDefault(); mark("return"); }
  });

  // What was looked at lately: kept in this window only, shown on the pages that have a place for it.
  const recent = () => { try { return JSON.parse(sessionStorage.getItem("recent") || "[]"); } catch { return []; } };
  const seen = document.querySelector("[data-remember]");
  if (seen) {
    const one = { href: location.pathname, title: seen.dataset.remember, detail: seen.dataset.detail };
    const kept = [one, ...recent().filter((other) => other.href !== one.href)].slice(0, 8);
    try { sessionStorage.setItem("recent", JSON.stringify(kept)); } catch { /* off or full: nothing is lost */ }
  }
  all("[data-recent]").forEach((place) => {
    const kept = recent();
    if (!kept.length) return;
    place.querySelector("ul").replaceChildren(...kept.map((one) => {
      const row = document.createElement("li");
      const link = document.createElement("a");
      const detail = document.createElement("span");
      link.href = one.href;
      link.textContent = one.title;
      detail.className = "quiet";
      detail.textContent = " " + one.detail;
      link.append(detail);
      row.append(link);
      return row;
    }));
    place.hidden = false;
  });

  // Lists that narrow while one types; the list of reasons also follows the chosen kind of subject.
  const kind = document.getElementById("f-kind");
  const narrow = (box) => {
    const list = document.getElementById(box.dataset.filter);
    const words = box.value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    all("[data-words]", list).forEach((one) => {
      const text = one.dataset.words.toLowerCase();
      const other = one.dataset.kind && kind?.value && one.dataset.kind !== kind.value;
      one.hidden = other || !words.every((word) => text.includes(word));
      if (one.hidden && other) all("input:checked", one).forEach((input) => { input.checked = false; });
    });
  };
  all("[data-filter]").forEach((box) => {
    box.addEventListener("input", () => narrow(box));
    box.addEventListener("keydown", (event) => { if (event.key === "Enter" && box.closest(".place-form")) event.preventDefault(); });
    if (document.getElementById(box.dataset.filter)?.querySelector("[data-kind]")) {
      kind?.addEventListener("change", () => narrow(box));
      narrow(box);
    }
  });
})();
