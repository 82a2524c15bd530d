// What the members' pages do better with a script. Each works without it.
"use strict";

// A form that asks says what comes out while one types: the page that would answer
// is fetched, and the part of it that changes is put in.
for (const form of document.querySelectorAll("form[data-live]")) {
  const outcome = document.getElementById(form.dataset.live);
  const button = form.querySelector("[data-without-script]");
  let asked = 0;
  let timer = 0;
  if (button) button.hidden = true;
  const ask = async () => {
    const mine = ++asked;
    const to = form.getAttribute("action") + "?" + new URLSearchParams(new FormData(form));
    let answer;
    try {
      answer = await fetch(to, { headers: { Accept: "text/html" }, credentials: "same-origin" });
    } catch {
      if (button) button.hidden = false; // no connection: the reader tries when there is one
      return;
    }
    if (mine !== asked) return;
    if (!answer.ok || answer.redirected) { location.assign(to); return; }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== asked) return;
    outcome.replaceChildren(...page.getElementById(outcome.id).childNodes);
    for (const id of ["have", "amount"]) {
      const here = document.getElementById(id);
      const there = page.getElementById(id);
      if (id === "have") here.textContent = there.textContent;
      else here.setAttribute("inputmode", there.getAttribute("inputmode"));
    }
    document.documentElement.dataset.live = String(mine);
  };
  form.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 300); });
  form.addEventListener("change", (event) => {
    if (event.target.tagName !== "SELECT") return;
    clearTimeout(timer);
    // Another kind of points has other choices on the other side.
    form.submit();
  });
}

// How long a rate is still locked.
for (const box of document.querySelectorAll("[data-countdown]")) {
  const until = performance.now() + 1000 * Number(box.dataset.countdown);
  const words = box.querySelector("[data-left]");
  const pattern = words.textContent;
  const show = () => {
    const left = Math.max(0, Math.ceil((until - performance.now()) / 1000));
    words.textContent = pattern.replace(/\d+/, String(left));
    if (left > 0) return;
    clearInterval(timer);
    for (const element of box.querySelectorAll("form, .lock")) element.hidden = true;
    box.querySelector("[data-expired]").hidden = false;
  };
  const timer = setInterval(show, 500);
  show();
}
