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
