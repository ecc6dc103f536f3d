// What pages do beyond links and forms: the list of suggestions by keyboard, the sheet of reasons, small comforts.
(function () {
  "use strict";
  const box = document.getElementById("q");
  const list = document.getElementById("suggestions");
  const said = document.getElementById("suggestions-said");
  const sheet = document.getElementById("sheet");
  const toast = document.getElementById("toast");
  let typed = "";
  let opener = null;

  const options = () => Array.from(list.querySelectorAll("[role=option]"));
  const chosen = () => options().findIndex((option) => option.getAttribute("aria-selected") === "true");

  function open(yes) {
    const show = yes && options().length > 0;
    list.hidden = !show;
    box.setAttribute("aria-expanded", String(show));
    if (!show) { choose(-1); }
  }

  function choose(at) {
    options().forEach((option, place) => option.setAttribute("aria-selected", String(place === at)));
    const option = options()[at];
    if (option) {
      box.setAttribute("aria-activedescendant", option.id);
      box.value = option.dataset.words;
    } else {
      box.removeAttribute("aria-activedescendant");
    }
  }

  function onKey(event) {
    if (event.isComposing) { return; }
    const count = options().length;
    if (event.key === "Escape") {
      if (!list.hidden) { event.preventDefault(); box.value = typed; open(false); }
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && count) {
      event.preventDefault();
      if (list.hidden) { open(true); }
      const step = event.key === "ArrowDown" ? 1 : -1;
      const next = chosen() === -1 && step === -1 ? count - 1 : chosen() + step;
      choose(next >= count ? -1 : next);
      if (chosen() === -1) { box.value = typed; }
    } else if (event.key === "Enter") {
      open(false);
    }
  }

  if (box) {
    box.addEventListener("input", () => { typed = box.value; if (!typed.trim()) { open(false); } });
    box.addEventListener("keydown", onKey);
    box.addEventListener("blur", () => open(false));
    list.addEventListener("mousedown", (event) => {
      const option = event.target.closest("[role=option]");
      if (!option) { return; }
      event.preventDefault();
      box.value = option.dataset.words;
      open(false);
      box.form.requestSubmit();
    });
    document.addEventListener("keydown", (event) => {
      const writing = event.target.closest("input, select, textarea, [contenteditable]");
      if (event.key === "/" && !writing && !event.metaKey && !event.ctrlKey) { event.preventDefault(); box.focus(); box.select(); }
    });
  }

  let folds = [];
  document.addEventListener("htmx:beforeSwap", () => {
    folds = Array.from(document.querySelectorAll("#found details[id]")).filter((each) => each.open).map((each) => each.id);
  });

  document.addEventListener("htmx:afterSwap", (event) => {
    const target = event.detail.target;
    if (target === list && document.activeElement === box) {
      open(Boolean(box.value.trim()));
      const told = list.querySelector("[data-said]");
      said.textContent = told && options().length ? told.dataset.said : "";
    }
    if (target === sheet && !sheet.open) {
      sheet.showModal();
    }
    folds.forEach((id) => { const fold = document.getElementById(id); if (fold) { fold.open = true; } });
  });

  // what was refused is read beside the page that asked for it; suggestions may fail in silence
  document.addEventListener("htmx:beforeSwap", (event) => {
    const detail = event.detail;
    if (detail.xhr.status < 400 || detail.shouldSwap || detail.target === list || !toast) { return; }
    detail.target = toast;
    detail.shouldSwap = true;
    detail.isError = false;
    detail.ignoreTitle = true;
    detail.swapOverride = "innerHTML";
    detail.selectOverride = ".empty";
  });
  document.addEventListener("htmx:sendError", (event) => {
    if (!toast || event.detail.target === list) { return; }
    const said = document.createElement("p");
    said.className = "notice";
    said.textContent = toast.dataset.lost;
    toast.replaceChildren(said);
  });

  // a reason that is too old is still an answer to be read
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    if (event.detail.xhr.status === 404 && event.detail.target === sheet) { event.detail.shouldSwap = true; event.detail.isError = false; }
  });

  document.addEventListener("click", (event) => {
    const why = event.target.closest(".why");
    if (why) { opener = why; }
    const shut = event.target.closest("[data-shut]");
    if (shut && shut.dataset.shut === "toast") { toast.replaceChildren(); }
    if ((shut && shut.dataset.shut === "sheet") || event.target === sheet) { sheet.close(); }
  });
  if (sheet) {
    sheet.addEventListener("close", () => { sheet.replaceChildren(); if (opener) { opener.focus(); opener = null; } });
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && toast && toast.childElementCount) { toast.replaceChildren(); }
  });

  document.addEventListener("change", (event) => {
    if (event.target.dataset && event.target.dataset.send === "change") { event.target.form.requestSubmit(); }
  });

  // a photograph that does not come leaves the drawing behind it
  document.addEventListener("error", (event) => {
    if (event.target.classList && event.target.classList.contains("photo")) { event.target.classList.add("failed"); }
  }, true);
})();
