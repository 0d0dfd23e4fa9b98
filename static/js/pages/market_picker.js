/* The market fields find as one types: name, price, change of the day and smallest order of what fits. */

const TYPING_MS = 180;

/** `onChosen(fieldName)` is called once a market was taken from a list. */
export function watchMarkets(form, onChosen) {
  for (const box of form.querySelectorAll("[data-market]")) new MarketPicker(form, box, onChosen);
}

class MarketPicker {
  constructor(form, box, onChosen) {
    Object.assign(this, { form, box, onChosen, timer: null, asked: 0 });
    this.input = box.querySelector("input");
    this.list = box.querySelector("[role=listbox]");
    this.button = box.querySelector(".market-open");
    if (this.input.disabled) return;
    this.button.hidden = false;
    this.input.removeAttribute("list");
    const traits = { role: "combobox", "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": this.list.id };
    for (const [name, value] of Object.entries(traits)) this.input.setAttribute(name, value);
    this.input.addEventListener("input", () => this.findSoon(this.input.value));
    this.input.addEventListener("focus", () => this.input.select());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.input.addEventListener("blur", () => window.setTimeout(() => this.close(), 150));
    this.button.addEventListener("click", () => this.toggle());
    this.list.addEventListener("pointerdown", (event) => this.take(event));
  }

  findSoon(text) {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.find(text), TYPING_MS);
  }

  async find(text) {
    this.asked += 1;
    const question = this.asked;
    const account = this.form.querySelector("[name=exchange_account]").value;
    const query = new URLSearchParams({ account, q: text, leg: this.box.dataset.market });
    try {
      const answer = await fetch(`${this.form.dataset.markets}?${query}`);
      if (question !== this.asked || !answer.ok) return;
      this.list.innerHTML = await answer.text();
    } catch (error) {
      if (error instanceof TypeError) return;
      throw error;
    }
    if (document.activeElement !== this.input) return;
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
  }

  toggle() {
    if (!this.list.hidden) return this.close();
    this.input.focus();
    return this.find("");
  }

  close() {
    window.clearTimeout(this.timer);
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  take(event) {
    const option = event.target.closest("[role=option]");
    if (!option) return;
    event.preventDefault();
    this.choose(option);
  }

  choose(option) {
    this.asked += 1;
    this.input.value = option.dataset.name;
    this.close();
    this.onChosen(this.input.name);
  }

  key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape" && !this.list.hidden) {
      event.preventDefault();
      this.close();
    } else if (step && this.list.hidden) {
      event.preventDefault();
      this.find("");
    } else if (step) {
      event.preventDefault();
      this.move(step);
    } else if (event.key === "Enter" && this.current()) {
      event.preventDefault();
      this.choose(this.current());
    }
  }

  current() {
    return this.list.hidden ? null : this.list.querySelector("[aria-selected=true]");
  }

  move(step) {
    const options = [...this.list.querySelectorAll("[role=option]")];
    if (!options.length) return;
    const before = options.indexOf(this.current());
    const next = options[(before + step + options.length) % options.length];
    for (const option of options) option.setAttribute("aria-selected", String(option === next));
    next.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", next.id);
  }
}
