// Makes xterm.js work with the console's Content-Security-Policy, which blocks <style> elements: while xterm.js opens, its
// <style> elements are replaced by adopted style sheets, which scripts may create. 24-bit colors stay
// blocked, because xterm.js sets them in style attributes: such text has the default color.

const HTML = "http://www.w3.org/1999/xhtml";

/** Calls a function that creates <style> elements; each is replaced by a style sheet that lasts as long as the element. */
export function withAdoptedStyles(page: Document, createStyles: () => void): void {
  const createElement = (name: string): HTMLElement =>
    name === "style" ? styleElement(page) : page.createElementNS(HTML, name);
  Object.defineProperty(page, "createElement", { value: createElement, configurable: true });
  try {
    createStyles();
  } finally {
    Reflect.deleteProperty(page, "createElement"); // restores the prototype's method
  }
}

/** An element whose text becomes a style sheet. */
function styleElement(page: Document): HTMLElement {
  const sheet = new CSSStyleSheet();
  page.adoptedStyleSheets.push(sheet);
  const element = page.createElementNS(HTML, "span");
  element.hidden = true;
  Object.defineProperty(element, "textContent", { set: (text: string) => { sheet.replaceSync(text); } });
  Object.defineProperty(element, "remove", {
    value: () => {
      page.adoptedStyleSheets = page.adoptedStyleSheets.filter((other) => other !== sheet);
      Element.prototype.remove.call(element);
    },
  });
  return element;
}
