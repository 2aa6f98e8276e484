// What axe finds wrong with a page, as far as it can be seen without style sheets: colours, and what they hide, are left out.

import axe from "axe-core";

/** Each violation with the elements that have it; nothing where all is well. */
export async function violations(container: Element = document.body): Promise<string[]> {
  const found = await axe.run(container, { rules: { "color-contrast": { enabled: false }, "aria-hidden-focus": { enabled: false }, region: { enabled: false } } });
  return found.violations.map((one) => `${one.id}: ${one.nodes.map((node) => node.html).join(" ")}`);
}
