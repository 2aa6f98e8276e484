// xterm.js writes its colours into <style> elements, which the pages' Content-Security-Policy refuses. The document that it is
// given here puts the same rules where scripts may put them: into sheets of their own. Two things xterm.js writes past it: the
// colours of its scroll bar, which are in Terminal.css, and 24-bit colours, which are style attributes and show as plain text.

/** The page's document, for xterm.js. */
export function documentForTerminal(page: Document): Document {
  const createElement = (name: string) => (name === "style" ? styleElement(page) : page.createElement(name));
  return new Proxy(page, {
    get(document, member) {
      if (member === "createElement") return createElement;
      const value: unknown = Reflect.get(document, member, document);
      return typeof value === "function" ? (value.bind(document) as unknown) : value;
    },
    set: (document, member, value) => Reflect.set(document, member, value, document),
  });
}

/** An element whose text becomes a sheet of the page's for as long as the element is there. */
function styleElement(page: Document): HTMLElement {
  const sheet = new CSSStyleSheet();
  page.adoptedStyleSheets.push(sheet);
  const element = page.createElement("span");
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
