// xterm.js writes its colours into <style> elements, which the pages' Content-Security-Policy refuses. While it opens, its
// rules are put where scripts may put them: into sheets of their own. One thing it writes past them: 24-bit colours, which
// are style attributes and show as plain text.

const HTML = "http://www.w3.org/1999/xhtml";

/** Do what makes <style> elements of this page, and have a sheet of the page's for each, as long as the element is there. */
export function withSheets(page: Document, make: () => void): void {
  const createElement = (name: string): HTMLElement =>
    name === "style" ? styleElement(page) : page.createElementNS(HTML, name);
  Object.defineProperty(page, "createElement", { value: createElement, configurable: true });
  try {
    make();
  } finally {
    Reflect.deleteProperty(page, "createElement"); // the document's own is its prototype's
  }
}

/** An element whose text becomes a sheet. */
function styleElement(page: Document): HTMLElement {
  const sheet = new CSSStyleSheet();
  page.adoptedStyleSheets.push(sheet);
  const element = page.createElementNS(HTML, "span");
  element.hidden = true;
  Object.defineProperty(element, "textContent", { set: (text: string) => { sheet.replaceSync(text); } });
  Object.defineProperty(element, "remove", {
    value: () => {
      page.adoptedStyleSheets = page.adoptedStyleSheets.filter((one) => one !== sheet);
      Element.prototype.remove.call(element);
    },
  });
  return element;
}
