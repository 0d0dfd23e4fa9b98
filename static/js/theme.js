/* Runs before the first paint: "as the device" becomes dark or light. No module, so that it is not deferred. */
(() => {
  const root = document.documentElement;
  root.dataset.scripts = "";
  const device = window.matchMedia("(prefers-color-scheme: dark)");
  const follow = () => {
    if (root.dataset.themeChoice === "auto") root.dataset.bsTheme = device.matches ? "dark" : "light";
    document.dispatchEvent(new CustomEvent("theme:changed", { detail: { theme: root.dataset.bsTheme } }));
  };
  follow();
  device.addEventListener("change", follow);
})();
