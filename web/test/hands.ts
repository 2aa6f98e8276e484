// What a reader does. Each is one event: a page of Cloudscape takes long to draw without a browser, and a key at a time is not what is
// tested here.

import { fireEvent, screen } from "@testing-library/react";

/** Click the button, link or choice with these words (inside `within`, where that is given). */
export function press(element: HTMLElement | undefined): void {
  if (!element) throw new Error("there is nothing to press");
  fireEvent.click(element);
}

/** The button with these words. */
export function button(words: string, within: ParentNode = document): HTMLElement | undefined {
  return [...within.querySelectorAll<HTMLElement>("button, a")].find((one) => one.textContent.trim() === words);
}

/** Open a list by its button, and take the choice with these words. */
export async function choose(list: Element | null, words: string): Promise<void> {
  if (!list) throw new Error("there is nothing to open");
  fireEvent.mouseDown(list);
  const [choice] = await screen.findAllByText(words);
  if (choice) fireEvent.mouseUp(choice);
}

export function enter(label: string | RegExp, value: string): void {
  fireEvent.change(screen.getByLabelText(label), { target: { value } });
}

/** The dialog that is open. */
export async function openDialog(): Promise<HTMLElement> {
  return screen.findByRole("dialog");
}
