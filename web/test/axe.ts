// Accessibility checks with axe. Rules that need style sheets, such as those for colors, are disabled.

import axe from "axe-core";

/** Each violation with its elements; empty if there are none. */
export async function violations(container: Element = document.body): Promise<string[]> {
  const results = await axe.run(container, { rules: { "color-contrast": { enabled: false }, "aria-hidden-focus": { enabled: false }, region: { enabled: false } } });
  return results.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" ")}`);
}
