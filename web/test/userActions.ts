// Actions of a user, each as a single event: typing key by key would render the page for each key, which is slow without a browser.

import { fireEvent, screen } from "@testing-library/react";

/** Clicks an element, which must exist. */
export function press(element: HTMLElement | undefined): void {
  if (!element) throw new Error("there is nothing to press");
  fireEvent.click(element);
}

/** The button or link with this text. */
export function button(text: string, within: ParentNode = document): HTMLElement | undefined {
  return [...within.querySelectorAll<HTMLElement>("button, a")].find((element) => element.textContent.trim() === text);
}

/** Opens a list by its button and selects the option with this text. */
export async function choose(list: Element | null, text: string): Promise<void> {
  if (!list) throw new Error("there is nothing to open");
  fireEvent.mouseDown(list);
  const [option] = await screen.findAllByText(text);
  if (option) fireEvent.mouseUp(option);
}

export function enter(label: string | RegExp, value: string): void {
  fireEvent.change(screen.getByLabelText(label), { target: { value } });
}

/** The open dialog. */
export async function openDialog(): Promise<HTMLElement> {
  return screen.findByRole("dialog");
}
