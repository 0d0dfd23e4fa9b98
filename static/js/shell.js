/* The frame of every page: menus, theme, confirmations, connection state, ages that grow. */

import { watchQuestions } from "./confirm.js";
import { duration, say, since } from "./format.js";

const root = document.documentElement;
const OLD_S = 10;

function watchMenus() {
  const close = (except) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
  };
  document.addEventListener("click", (event) => close(event.target.closest("details.menu")));
  document.addEventListener("focusin", (event) => close(event.target.closest("details.menu")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const open = document.querySelector("details.menu[open]");
    close();
    open?.querySelector("summary").focus();
  });
}

function watchTheme() {
  for (const form of document.querySelectorAll("[data-theme-form]")) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const theme = root.dataset.bsTheme === "dark" ? "light" : "dark";
      root.dataset.bsTheme = theme;
      root.dataset.themeChoice = theme;
      document.dispatchEvent(new CustomEvent("theme:changed", { detail: { theme } }));
      const body = new FormData(form);
      body.set("theme", theme);
      await fetch(form.action, { method: "POST", body, redirect: "manual" });
    });
  }
}

/** Connection state and the quotes' age, which grows between frames. */
function watchFeed() {
  const box = document.getElementById("feed-state");
  const age = document.getElementById("quotes-age");
  let quoted = null;
  document.addEventListener("feed:state", ({ detail }) => {
    box.hidden = false;
    box.classList.toggle("is-lost", detail.state === "lost");
    box.querySelector(".dot").className = `dot ${detail.state === "live" ? "dot-pos" : "dot-warn"}`;
    box.querySelector(".word").textContent = say(detail.state);
    root.dataset.feed = detail.state;
  });
  document.addEventListener("quotes:age", ({ detail }) => {
    quoted = { seconds: detail.seconds, limit: detail.limit ?? OLD_S, at: performance.now() };
    show();
  });
  const show = () => {
    if (!quoted) return;
    const seconds = quoted.seconds + (performance.now() - quoted.at) / 1000;
    const isOld = seconds > quoted.limit;
    age.textContent = say(isOld ? "quotes_old" : "quotes", { age: duration(seconds) });
    age.classList.toggle("warn", isOld);
    root.classList.toggle("quotes-old", isOld);
  };
  window.setInterval(show, 1000);
}

function growAges() {
  window.setInterval(() => {
    for (const element of document.querySelectorAll("time[data-since]")) element.textContent = since(element.dateTime);
  }, 15000);
}

function fillTimeZone() {
  const field = document.querySelector("input[name=time_zone][type=hidden]");
  if (field && !field.value) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
}

watchMenus();
watchTheme();
watchQuestions();
watchFeed();
growAges();
fillTimeZone();
