// What stands in the way of keyboards and screen readers, as a list of texts.
(() => {
  const found = [];
  const show = (e) => e.outerHTML.slice(0, 140);
  const seen = (e) => e.checkVisibility ? e.checkVisibility() : true;
  const name = (e) => (e.getAttribute("aria-label") || (e.getAttribute("aria-labelledby") || "").split(/\s+/).map((id) => id && document.getElementById(id) ? document.getElementById(id).textContent : "").join(" ") || e.textContent || e.getAttribute("title") || "").trim();

  if (!document.documentElement.lang) found.push("the page has no language");
  if (!document.title.trim()) found.push("the page has no title");
  if (document.querySelectorAll("main").length !== 1) found.push("the page has not one main part");
  if (document.querySelectorAll("h1").length !== 1) found.push("the page has " + document.querySelectorAll("h1").length + " h1");
  let before = 0;
  for (const h of document.querySelectorAll("h1, h2, h3, h4")) {
    const level = Number(h.tagName[1]);
    if (level > before + 1) found.push("heading leaves out a level: " + show(h));
    before = level;
  }
  const ids = new Set();
  for (const e of document.querySelectorAll("[id]")) {
    if (ids.has(e.id)) found.push("id is there twice: " + e.id);
    ids.add(e.id);
  }
  for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea")) {
    if (!e.labels.length && !e.getAttribute("aria-label")) found.push("field without label: " + show(e));
  }
  for (const e of document.querySelectorAll("a[href], button, summary")) {
    if (seen(e) && !name(e)) found.push("nothing to read on: " + show(e));
  }
  for (const e of document.querySelectorAll("img:not([alt])")) found.push("picture without words: " + show(e));
  for (const e of document.querySelectorAll("svg")) {
    if (!e.closest("[aria-hidden=true]") && !(e.getAttribute("role") === "img" && e.getAttribute("aria-label"))) found.push("drawing without words: " + show(e));
  }
  for (const e of document.querySelectorAll("[style], script:not([src])")) found.push("inline style or script: " + show(e));
  for (const e of document.querySelectorAll("table.table:not([role])")) {
    if (!e.querySelector("th[scope]")) found.push("table without headings: " + show(e));
  }
  if (document.documentElement.scrollWidth > document.documentElement.clientWidth + 1) {
    const wide = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && !e.closest(".scroll, pre, .rail nav")).slice(0, 3).map(show);
    found.push("the page is wider than the screen: " + wide.join(" | "));
  }
  for (const e of document.querySelectorAll("a[href], button, summary, input:not([type=hidden]), select")) {
    if (!seen(e) || e.closest("p, li, td, dd") || e.classList.contains("skip")) continue;
    const box = (e.closest("label") || e).getBoundingClientRect();
    if (box.width && (box.height < 24 || box.width < 24)) found.push("too small to hit: " + show(e));
  }
  if (document.body.textContent.includes("⟦")) found.push("words are missing: " + document.body.textContent.match(/⟦[^⟧]*⟧/)[0]);
  return found;
})()
