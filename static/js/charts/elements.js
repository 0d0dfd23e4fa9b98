/** An element with a class and children; strings become text, so nothing from outside is ever read as markup. */
export function el(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}
