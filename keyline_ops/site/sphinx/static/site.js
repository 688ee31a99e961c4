// What scrolls sideways can be reached by keyboard, and has a name.
addEventListener("DOMContentLoaded", () => {
  for (const each of document.querySelectorAll(".table-wrapper, div.highlight pre")) {
    each.tabIndex = 0;
    each.setAttribute("role", "group");
    each.setAttribute("aria-label", each.matches("pre") ? "Example" : "Table");
  }
});
