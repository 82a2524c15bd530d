// What pages do better with a script. Each works without it.
"use strict";

// A button that copies what stands before it.
for (const button of document.querySelectorAll("[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  if (!source || !navigator.clipboard) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(source.textContent);
    const words = button.querySelector("span");
    const before = words.textContent;
    words.textContent = button.dataset.done;
    setTimeout(() => { words.textContent = before; }, 2000);
  });
}

// Menus close when the reader looks elsewhere.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
});

// On a narrow screen the current place is in sight.
const current = document.querySelector(".rail [aria-current]");
const strip = current && current.closest("nav");
if (strip && strip.scrollWidth > strip.clientWidth) {
  strip.scrollLeft = current.offsetLeft - strip.clientWidth / 2 + current.offsetWidth / 2;
}

// A form is sent once.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
  });
}
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

const writes = (element) => element.closest("input:not([type=checkbox]), textarea, select, [contenteditable]");

// Arrow keys move among the links of a table that is a grid.
for (const grid of document.querySelectorAll("table[data-grid]")) {
  const cells = [...grid.querySelectorAll("tbody td")];
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
  grid.addEventListener("keydown", (event) => {
    const step = steps[event.key];
    let at = cells.findIndex((cell) => cell.contains(document.activeElement));
    if (!step || at < 0) return;
    event.preventDefault();
    for (at += step; at >= 0 && at < cells.length; at += step) {
      const link = cells[at].querySelector("a");
      if (link) { link.focus(); return; }
    }
  });
}

// Lists: select all, count, and keys.
for (const list of document.querySelectorAll("table[data-list]")) {
  const rows = [...list.querySelectorAll("tbody tr")];
  const boxes = [...list.querySelectorAll("tbody input[type=checkbox]")];
  const all = list.querySelector("[data-all]");
  const output = list.closest("form") && list.closest("form").querySelector("[data-count]");
  const help = document.querySelector("[data-keys]");
  let at = -1;
  const count = () => {
    const n = boxes.filter((box) => box.checked).length;
    if (output) output.textContent = n ? `(${n})` : "";
    if (all) { all.checked = n > 0 && n === boxes.length; all.indeterminate = n > 0 && n < boxes.length; }
  };
  if (all) {
    all.closest("label").hidden = false;
    all.addEventListener("change", () => { for (const box of boxes) box.checked = all.checked; count(); });
  }
  list.addEventListener("change", count);
  if (help) help.hidden = false;
  count();
  const move = (to) => {
    if (to < 0 || to >= rows.length) return;
    if (rows[at]) rows[at].classList.remove("at");
    at = to;
    rows[at].classList.add("at");
    rows[at].querySelector("a").focus({ preventScroll: true });
    rows[at].scrollIntoView({ block: "nearest" });
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || writes(event.target)) return;
    if (event.key === "j") move(at + 1);
    else if (event.key === "k") move(Math.max(at - 1, 0));
    else if (event.key === "x" && rows[at]) {
      const box = rows[at].querySelector("input[type=checkbox]");
      if (box) { box.checked = !box.checked; count(); }
    } else if (event.key === "?" && help) help.open = !help.open;
    else return;
    event.preventDefault();
  });
}
