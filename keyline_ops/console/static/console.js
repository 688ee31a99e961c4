// Light or dark: the choice of a reader is kept. Without one, the page follows the browser.
const modes = ["light", "dark"];
const browserIsDark = matchMedia("(prefers-color-scheme: dark)");

function mode() {
  const chosen = localStorage.getItem("mode");
  return modes.includes(chosen) ? chosen : browserIsDark.matches ? "dark" : "light";
}

function show() {
  const root = document.documentElement.classList;
  for (const each of modes) root.toggle(`${each}-mode`, each === mode());
  const button = document.getElementById("theme");
  if (button) button.textContent = mode() === "dark" ? "Light" : "Dark";
}

show();
browserIsDark.addEventListener("change", show);
addEventListener("DOMContentLoaded", () => {
  const button = document.getElementById("theme");
  button.hidden = false;
  button.addEventListener("click", () => {
    localStorage.setItem("mode", mode() === "dark" ? "light" : "dark");
    show();
  });
  show();
});

// Live parts: what the address shows is fetched again, unless somebody pauses, reads or selects.
const SECONDS = 2;

function isRead(part) {
  return !getSelection().isCollapsed || part.querySelector("details[open]") !== null;
}

async function renew(part) {
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("live");
  if (!fresh || fresh.isEqualNode(part) || part.contains(document.activeElement)) return;
  const list = part.querySelector(".log");
  const atEnd = !list || list.scrollTop + list.clientHeight >= list.scrollHeight - 8;
  part.replaceChildren(...fresh.childNodes);
  if (atEnd) toEnd(part);
}

function toEnd(part) {
  const list = part.querySelector(".log");
  if (list) list.scrollTop = list.scrollHeight;
}

addEventListener("DOMContentLoaded", () => {
  const part = document.getElementById("live");
  const pause = document.getElementById("pause");
  if (!part || !pause) return;
  pause.hidden = false;
  pause.addEventListener("click", () => {
    const isPaused = pause.getAttribute("aria-pressed") !== "true";
    pause.setAttribute("aria-pressed", String(isPaused));
  });
  toEnd(part);
  setInterval(() => {
    const isPaused = pause.getAttribute("aria-pressed") === "true";
    if (!isPaused && !document.hidden && !isRead(part)) renew(part).catch(() => {});
  }, SECONDS * 1000);
});
