// The choice of light or dark that a reader has made on another page.
document.documentElement.dataset.theme = localStorage.getItem("theme") || "auto";
