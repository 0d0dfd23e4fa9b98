/* The frame of every page: menus, theme, confirmations, connection state, ages that grow. */

import { watchBell } from "./bell.js";
import { watchQuestions } from "./confirm.js";
import { duration, say, since, time } from "./format.js";
import { watchToasts } from "./toasts.js";

const root = document.documentElement;
const OLD_S = 10;
const VENUES_MOST = 3;
const LOST_AFTER_MS = 2000; // a short gap heals before anybody reads of it

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

/** A banner while the live feed is away: since when the figures stand still. */
function watchLost() {
  const banner = document.getElementById("feed-lost");
  if (!banner) return; // the pages before one is logged in
  let timer = null;
  banner.querySelector("[data-retry]").addEventListener("click", () => document.dispatchEvent(new Event("feed:retry")));
  document.addEventListener("feed:state", ({ detail }) => {
    if (detail.state === "live") {
      window.clearTimeout(timer);
      timer = null;
      banner.hidden = true;
    }
    if (detail.state !== "lost" || timer !== null) return;
    const at = new Date();
    timer = window.setTimeout(() => {
      banner.querySelector(".word").textContent = say("lost_since", { time: time(at) });
      banner.hidden = false;
    }, LOST_AFTER_MS);
  });
}

/** Connection state and the quotes' age, which grows between frames. */
function watchFeed() {
  const box = document.getElementById("feed-state");
  const age = document.getElementById("quotes-age");
  let quoted = null;
  let venues = [];
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
  document.addEventListener("quotes:venues", ({ detail }) => {
    venues = detail.venues.map((venue) => ({ ...venue, at: performance.now() }));
    if (venues.length) showVenues(age, venues);
  });
  const show = () => {
    if (venues.length) showVenues(age, venues);
    if (!quoted || venues.length) return;
    const seconds = quoted.seconds + (performance.now() - quoted.at) / 1000;
    const isOld = seconds > quoted.limit;
    age.textContent = say(isOld ? "quotes_old" : "quotes", { age: duration(seconds) });
    age.classList.toggle("warn", isOld);
    root.classList.toggle("quotes-old", isOld);
  };
  window.setInterval(show, 1000);
}

/** One venue's age beside the other's, the old ones in amber. */
function showVenues(age, venues) {
  const told = venues.slice(0, VENUES_MOST).map(({ name, seconds, at }) => {
    const now = seconds + (performance.now() - at) / 1000;
    const place = document.createElement("span");
    place.className = now > OLD_S ? "venue-age warn" : "venue-age";
    const venue = document.createElement("span");
    venue.className = "venue-name";
    venue.textContent = `${name} `;
    place.append(venue, say(now > OLD_S ? "old_age" : "age", { age: duration(now) }));
    return place;
  });
  age.replaceChildren(...told);
  age.classList.remove("warn");
  root.classList.toggle("quotes-old", venues.some(({ seconds, at }) => seconds + (performance.now() - at) / 1000 > OLD_S));
}

function growAges() {
  window.setInterval(() => {
    for (const element of document.querySelectorAll("time[data-since]")) element.textContent = since(element.dateTime);
  }, 15000);
}

/** On a phone the tabs are longer than the screen. */
function showOpenTab() {
  for (const tab of document.querySelectorAll(".tabs > [aria-current]")) {
    const tabs = tab.parentElement;
    if (tabs.scrollWidth > tabs.clientWidth) tabs.scrollLeft = tab.offsetLeft - tabs.clientWidth / 2 + tab.offsetWidth / 2;
  }
}

function fillTimeZone() {
  const field = document.querySelector("input[name=time_zone][type=hidden]");
  if (field && !field.value) field.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
}

watchMenus();
watchTheme();
watchQuestions();
watchBell();
watchFeed();
watchLost();
watchToasts();
growAges();
showOpenTab();
fillTimeZone();
