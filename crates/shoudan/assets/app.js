// Comfort only: every page works without this file. No inline script anywhere (script-src 'self').
"use strict";
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // What went wrong is read first.
  document.querySelector("[data-focus]")?.focus();

  // Printing unfolds what works, so that the paper says all of it.
  document.addEventListener("click", (event) => { if (event.target.closest("[data-print]")) window.print(); });
  addEventListener("beforeprint", () => all(".works details:not([open])").forEach((one) => { one.open = true; one.dataset.folded = ""; }));
  addEventListener("afterprint", () => all("details[data-folded]").forEach((one) => { one.open = false; delete one.dataset.folded; }));

  // Show a password while it is typed.
  all("[data-reveal]").forEach((box) => box.addEventListener("change", () => {
    const field = document.getElementById(box.dataset.reveal);
    if (field) field.type = box.checked ? "text" : "password";
  }));

  // Demonstration accounts fill the form.
  all("[data-fill-login]").forEach((button) => button.addEventListener("click", () => {
    const login = document.getElementById("f-login");
    const password = document.getElementById("f-password");
    if (!login || !password) return;
    login.value = button.dataset.fillLogin;
    password.value = button.dataset.fillPassword;
    password.form.requestSubmit();
  }));

  // Keys: "/" goes to the search, j and k along the rows of a table.
  document.addEventListener("keydown", (event) => {
    const typing = /^(input|textarea|select)$/i.test(event.target.tagName) || event.target.isContentEditable;
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const hot = all("[data-hotkey]").find((one) => one.dataset.hotkey === event.key);
    if (hot) {
      event.preventDefault();
      hot.focus();
      hot.select?.();
      return;
    }
    if (event.key !== "j" && event.key !== "k") return;
    const links = all("[data-rows] tbody tr").map((row) => row.querySelector("a")).filter(Boolean);
    const here = links.indexOf(document.activeElement);
    const next = links[event.key === "j" ? here + 1 : Math.max(0, here - 1)];
    if (next) { event.preventDefault(); next.focus(); next.scrollIntoView({ block: "nearest" }); }
  });

  // What was typed survives a closed page: kept on this device until it is handed in. Sensitive fields never.
  all("form[data-draft]").forEach((form) => {
    const key = "draft:" + location.pathname;
    const fields = () => all("input[name], textarea[name], select[name]", form)
      .filter((one) => !/^(hidden|password|file|submit)$/.test(one.type) && !("sensitive" in one.dataset) && one.type !== "checkbox");
    let kept = {};
    try { kept = JSON.parse(sessionStorage.getItem(key) || "{}"); } catch { kept = {}; }
    fields().forEach((one) => {
      if (!(one.name in kept)) return;
      if (one.type === "radio") one.checked = one.value === kept[one.name];
      else if (!one.value) one.value = kept[one.name];
    });
    form.addEventListener("input", () => {
      const now = {};
      fields().forEach((one) => { if (one.type !== "radio" || one.checked) now[one.name] = one.value; });
      try { sessionStorage.setItem(key, JSON.stringify(now)); } catch { /* storage may be full or off: nothing is lost that was not before */ }
      form.dataset.dirty = "";
    });
    form.addEventListener("submit", () => { try { sessionStorage.removeItem(key); } catch { /* as above */ } delete form.dataset.dirty; });
  });

  // The check's answer at the field, as soon as it is left.
  all("form[data-check]").forEach((form) => form.addEventListener("focusout", async (event) => {
    const field = event.target;
    if (!field.name || !field.value || field.type === "hidden" || field.type === "checkbox") return;
    const place = form.querySelector(`[data-error-for="${CSS.escape(field.name)}"]`);
    if (!place) return;
    const body = new URLSearchParams({ field: field.name, value: field.value });
    try {
      const answer = await fetch(form.dataset.check, { method: "POST", body, headers: { accept: "application/json" } });
      if (!answer.ok) return;
      const said = await answer.json();
      place.textContent = said.ok ? "" : said.text;
      place.closest(".field")?.classList.toggle("wrong", !said.ok);
      if (said.ok) field.removeAttribute("aria-invalid"); else field.setAttribute("aria-invalid", "true");
    } catch { /* the server checks again when the form is handed in */ }
  }));

  // A chosen picture is shown and sent at once; the page comes back with the check's answer.
  all("form[data-upload]").forEach((form) => form.addEventListener("change", (event) => {
    const file = event.target.files?.[0];
    if (!file) return;
    all("input[type=file]", form).forEach((one) => { one.disabled = one !== event.target; });
    const preview = form.querySelector("[data-preview]");
    preview.replaceChildren();
    if (file.type.startsWith("image/")) {
      const image = document.createElement("img");
      image.alt = file.name;
      image.src = URL.createObjectURL(file);
      preview.append(image);
    }
    preview.append(document.createElement("progress"));
    preview.hidden = false;
    form.requestSubmit();
  }));

  // A page that waits follows what happens, unless somebody is typing in it.
  const waiting = document.querySelector("[data-refresh]");
  if (waiting) {
    const seconds = Number(waiting.dataset.refresh) || 30;
    const open = () => all("details", document.querySelector("main")).map((one) => one.open);
    const again = async () => {
      const busy = document.hidden || document.querySelector("[data-dirty], main input:focus, main textarea:focus, main select:focus");
      if (!busy) {
        try {
          const answer = await fetch(location.href, { headers: { "x-refresh": "1" } });
          if (answer.ok && !answer.redirected) {
            const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("main");
            const main = document.querySelector("main");
            const plain = (node) => node.textContent.replace(/\s+/g, " ");
            if (fresh && plain(fresh) !== plain(main)) {
              const folds = open();
              main.replaceChildren(...fresh.childNodes);
              all("details", main).forEach((one, i) => { if (folds[i] !== undefined) one.open = folds[i]; });
              main.firstElementChild?.classList.add("arrived");
            }
          }
        } catch { /* no network: try again later */ }
      }
      setTimeout(again, seconds * 1000);
    };
    setTimeout(again, seconds * 1000);
  }
})();
