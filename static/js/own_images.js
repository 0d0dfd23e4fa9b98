/* The reference's own script wants a logo from its makers' host: images of other hosts are not asked for. */
(() => {
  const isForeign = (address) => /^https?:/.test(address) && new URL(address).origin !== window.location.origin;
  const image = HTMLImageElement.prototype;
  const source = Object.getOwnPropertyDescriptor(image, "src");
  const set = image.setAttribute;
  Object.defineProperty(image, "src", { ...source, set(address) { if (!isForeign(address)) source.set.call(this, address); } });
  image.setAttribute = function setOwn(name, value) {
    if (name !== "src" || !isForeign(value)) set.call(this, name, value);
  };
})();
