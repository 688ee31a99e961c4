// What the theme leaves out for those who hear a page, or use it by keyboard.
const set = (selector, attributes) => {
  for (const each of document.querySelectorAll(selector))
    for (const [name, value] of Object.entries(attributes)) each.setAttribute(name, value);
};

addEventListener("DOMContentLoaded", () => {
  const group = { tabindex: "0", role: "group" };
  set(".table-wrapper", { ...group, "aria-label": "Table" });
  set("div.highlight pre", { ...group, "aria-label": "Example" });
  set(".caption[role=heading]", { "aria-level": "2" });
  set(".sidebar-drawer", { "aria-label": "All pages" });
  set(".toc-drawer", { "aria-label": "On this page" });
  set("th:empty, th:has(> p:only-child:empty)", { role: "presentation" });
  if (!document.querySelector("h1")) {
    const title = Object.assign(document.createElement("h1"), { textContent: "Search" });
    document.querySelector("article")?.prepend(title);
  }
});
