/* What trades or deletes asks first.
 *
 * Links with data-dialog lead to a page that asks with figures; with scripts its question opens in a dialogue instead.
 * Forms with data-confirm ask with the words they carry (data-confirm, -text, -yes, -style).
 */

import { say } from "./format.js";

const dialog = document.getElementById("confirm");
const body = dialog.querySelector("#confirm-body");

let asked = 0;

async function fragment(url) {
  try {
    const answer = await fetch(url, { headers: { "X-Requested-With": "fetch" } });
    return answer.ok ? await answer.text() : null;
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function show(text) {
  const paragraph = document.createElement("p");
  paragraph.className = "dialog-body";
  paragraph.textContent = text;
  body.replaceChildren(paragraph);
}

/** The question that stands at `href`, in the dialogue. */
export async function openQuestion(href) {
  const url = new URL(href, window.location.href);
  url.searchParams.set("next", window.location.pathname + window.location.search);
  body.innerHTML = '<div class="dialog-body" aria-busy="true"><span class="skeleton"></span><span class="skeleton"></span></div>';
  dialog.showModal();
  asked += 1;
  const question = asked;
  const html = await fragment(url);
  if (question !== asked || !dialog.open) return; // another question was asked meanwhile, or this one was put away
  if (html === null) show(say("failed"));
  else body.innerHTML = html;
  (body.querySelector("[autofocus]") ?? body.querySelector("button"))?.focus();
}

function question(form) {
  const { confirm, confirmText = "", confirmYes, confirmStyle = "btn-main" } = form.dataset;
  const asked = document.getElementById("confirm-question").content.cloneNode(true);
  asked.querySelector("h2").textContent = confirm;
  asked.querySelector("p").textContent = confirmText;
  const yes = asked.querySelector("[data-yes]");
  yes.textContent = confirmYes || confirm;
  yes.className = `btn ${confirmStyle}`;
  return asked;
}

function ask(form) {
  return new Promise((answer) => {
    body.replaceChildren(question(form));
    dialog.returnValue = "";
    dialog.addEventListener("close", () => answer(dialog.returnValue === "yes"), { once: true });
    dialog.showModal();
  });
}

export function watchQuestions() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-dialog]");
    if (event.target.closest("[data-close]")) {
      event.preventDefault();
      dialog.close();
    }
    if (!link || event.ctrlKey || event.metaKey || event.button) return;
    event.preventDefault();
    openQuestion(link.href);
  });
  document.addEventListener("submit", async (event) => {
    const form = event.target;
    if (!form.dataset.confirm || form.dataset.confirmed) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const button = event.submitter;
    if (!(await ask(form))) {
      button?.closest("details")?.querySelector("summary")?.focus(); // its menu has closed: the button itself is hidden
      return;
    }
    form.dataset.confirmed = "yes";
    form.requestSubmit(button ?? undefined);
    delete form.dataset.confirmed;
  }, true);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}
