/* A form that answers while one types: the server checks what is there and sends the form back with its figures; fields
 * keep what stands in them, everything around them is mended. Without scripts the same form works by its buttons. */

const TYPING_MS = 350;

/** Buttons whose values the server fills in; others send the form away. */
const AT_ONCE = ["add", "remove", "preset", "swap", "cure", "last"];

/** What follows from the whole ladder: it is not known while any of its numbers is wrong. */
const FIGURES = '[data-part="totals"], [data-part="past"], [data-part="spread-now"], [data-part="chart-state"], .ladder tr[data-row] td, [data-part="pair"]';

const isLadder = (name) => name === "ladder_spread" || name === "ladder_multiplier";
export const dataOf = (root) => JSON.parse(root.querySelector("#form-data").textContent);

export class LiveForm {
  /**
   * `whole`: names of numbers without decimals; `isBehind(fresh, data)`: whether the answer lacks figures that were
   * there before; `onAnswer(fresh, data, isBehind)` is told of every answer.
   */
  constructor(form, { whole = [], nameField, isBehind, onAnswer }) {
    Object.assign(this, { form, whole, nameField, isBehind, onAnswer, touched: new Set(), timer: null, running: null });
    form.addEventListener("input", (event) => this.typed(event.target));
    form.addEventListener("change", (event) => this.changed(event.target));
    form.addEventListener("submit", (event) => this.sent(event));
  }

  /** `wish`: which of the form's buttons was pressed, "check" for none. */
  async ask(wish) {
    window.clearTimeout(this.timer);
    this.running?.abort();
    this.running = new AbortController();
    const body = new FormData(this.form);
    body.set("do", wish);
    this.form.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(this.form.action, { method: "POST", body, headers: { "X-Requested-With": "fetch" }, signal: this.running.signal });
      if (answer.ok) this.mend(new DOMParser().parseFromString(await answer.text(), "text/html"), wish);
      this.form.removeAttribute("aria-busy");
    } catch (error) {
      if (error.name === "AbortError") return;
      this.form.removeAttribute("aria-busy");
      if (!(error instanceof TypeError)) throw error;
    }
  }

  soon() {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.ask("check"), TYPING_MS);
  }

  typed({ name, id }) {
    if (!name || id === "preset") return;
    this.touched.add(name);
    const preset = this.form.querySelector("#preset");
    if (preset && isLadder(name)) preset.value = "";
    this.soon();
  }

  changed(target) {
    if (target.matches(".form-control.n") && !this.whole.includes(target.name)) target.value = grouped(target.value);
    if (target.id === "preset") this.ask(target.value ? "preset" : "check");
    else if (target.matches("select, input[type=radio], input[type=checkbox]")) this.ask("check");
  }

  sent(event) {
    const wish = event.submitter?.value ?? "check";
    if (wish !== "check" && !AT_ONCE.includes(wish.split(":")[0])) return;
    event.preventDefault();
    this.ask(wish);
  }

  /** While a number is wrong the last figures stay, paler, rather than vanish. */
  mend(fresh, wish) {
    const action = wish.split(":")[0];
    const rows = (root) => root.querySelector(".ladder")?.dataset.levels;
    if (AT_ONCE.includes(action)) this.takeValues(fresh);
    if (AT_ONCE.includes(action) || rows(fresh) !== rows(this.form)) this.replaceLadder(fresh);
    const data = dataOf(fresh);
    const isBehind = this.isBehind(fresh, data);
    this.form.classList.toggle("is-behind", isBehind);
    for (const part of this.form.querySelectorAll("[data-part]")) {
      if (!isBehind || !part.matches(FIGURES)) this.mendPart(part, fresh.querySelector(`[data-part="${part.dataset.part}"]`));
    }
    this.mendRows(fresh);
    this.markFields(fresh);
    this.suggestName(fresh);
    this.onAnswer(fresh, data, isBehind);
  }

  mendPart(part, twin) {
    if (!twin) return;
    const isHeld = part.dataset.part.startsWith("problems-") && this.isUnvisited(part.dataset.part.slice("problems-".length));
    const html = isHeld ? [...twin.querySelectorAll(".field-warn")].map((warning) => warning.outerHTML).join("") : twin.innerHTML;
    if (part.innerHTML !== html) part.innerHTML = html;
    part.hidden = twin.hidden;
  }

  /** That a field is empty is said once somebody was there, not before. */
  isUnvisited(name) {
    return this.form.elements[name]?.value === "" && !this.touched.has(name);
  }

  mendRows(fresh) {
    for (const row of this.form.querySelectorAll("tr[data-row]")) {
      const twin = fresh.querySelector(`tr[data-row="${row.dataset.row}"]`);
      if (twin) row.className = twin.className;
    }
  }

  markFields(fresh) {
    for (const input of this.form.querySelectorAll("input[name], select[name]")) {
      const twin = this.twinOf(input, fresh);
      if (!twin) continue;
      input.toggleAttribute("data-warned", twin.hasAttribute("data-warned"));
      if (twin.getAttribute("aria-invalid") && !this.isUnvisited(input.name)) input.setAttribute("aria-invalid", "true");
      else input.removeAttribute("aria-invalid");
    }
  }

  twinOf(input, fresh) {
    if (!isLadder(input.name)) return fresh.querySelector(`[name="${input.name}"]`);
    const index = [...this.form.querySelectorAll(`[name="${input.name}"]`)].indexOf(input);
    return fresh.querySelectorAll(`[name="${input.name}"]`)[index];
  }

  /** After a button that fills in: the values that the server put there. */
  takeValues(fresh) {
    for (const input of this.form.querySelectorAll("input[name]:not([type=radio]):not([type=checkbox]):not([type=hidden])")) {
      const twin = this.twinOf(input, fresh);
      if (twin && !isLadder(input.name) && input.name !== this.nameField) input.value = twin.value;
    }
    const preset = this.form.querySelector("#preset");
    if (preset) preset.value = fresh.querySelector("#preset")?.value ?? "";
  }

  replaceLadder(fresh) {
    const [old, twin] = [this.form.querySelector(".ladder"), fresh.querySelector(".ladder")];
    const wasLonger = Number(old.dataset.levels) < Number(twin.dataset.levels);
    old.replaceWith(document.adoptNode(twin.cloneNode(true)));
    if (wasLonger) this.form.querySelector("tr[data-row]:nth-last-child(2) input")?.focus();
  }

  /** Until somebody gives a name, it is called after its pair. */
  suggestName(fresh) {
    const name = this.form.elements[this.nameField];
    const { suggested } = fresh.querySelector(`[name="${this.nameField}"]`).dataset;
    if (!this.touched.has(this.nameField) && (name.value === "" || name.value === name.dataset.suggested)) name.value = suggested;
    name.dataset.suggested = suggested;
  }
}

/** `2000` as `2,000.00`; more decimals stay, and so does what is no number. */
function grouped(text) {
  const bare = text.replace(/[\s,]/g, "").replace("\u2212", "-");
  if (!/^-?\d+(\.\d+)?$/.test(bare)) return text;
  const places = Math.max(2, (bare.split(".")[1] ?? "").replace(/0+$/, "").length);
  return Number(bare).toLocaleString("en", { minimumFractionDigits: places, maximumFractionDigits: places });
}
