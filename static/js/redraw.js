/* Choices after which a form has other fields: the server draws all of it anew, with what was typed. */

/** `wishes`: by the id of the field that changes, what the server is asked to do. */
export function redrawWhenChosen(form, wishes) {
  for (const [id, wish] of Object.entries(wishes)) {
    document.getElementById(id)?.addEventListener("change", (event) => {
      event.stopPropagation();
      const use = document.createElement("button");
      Object.assign(use, { name: "do", value: wish, hidden: true });
      form.append(use);
      form.requestSubmit(use);
    });
  }
}
