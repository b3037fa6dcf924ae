// Runs before the page is drawn: the theme that was chosen here before; without one the system's holds.
// A classic script, so that nothing flashes in the wrong colours; the switch itself is in parts.js.
(() => {
  try {
    const chosen = localStorage.getItem("hikari.theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch { /* storage is switched off: the system's theme */ }
})();
