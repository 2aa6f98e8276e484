import { screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import ImagesPage from "../../src/pages/images/ImagesPage.tsx";
import { violations } from "../axe.ts";
import { apiError, renderPage } from "../renderPage.tsx";
import { button, openDialog, press } from "../userActions.ts";

const USER = { id: "0123456789abcdef", cluster: "shop", group: "service:web" };
const IMAGE = { name: "shop/web:1", digest: `sha256:${"ab".repeat(32)}`, platform: "linux/amd64", size: 45_600_000, source: "registry", tasks: [USER] };
const LOADED = { ...IMAGE, name: "job", source: null, tasks: [] };
const PULL = { image: "shop/web:2", container: "app", task: USER, source: "registry", received: 1_000_000, total: 4_000_000 };

function renderImages(report: unknown) {
  return renderPage(<ImagesPage />, "/images", "/images", { images: report });
}

test("images are listed with their size, their source and the tasks that use them", async () => {
  renderImages({ images: [IMAGE, LOADED], pulls: [PULL] });
  const row = within(await screen.findByRole("row", { name: /shop\/web:1/ }));
  expect(row.getByText("45.6 MB")).toBeTruthy();
  expect(row.getByText("registry")).toBeTruthy();
  expect(row.getByRole("link").getAttribute("href")).toBe("/console/clusters/shop/tasks/0123456789abcdef");
  expect(screen.getByText("Imported or loaded")).toBeTruthy();
  expect(screen.getByText("shop/web:2 for app")).toBeTruthy();
  expect(screen.getByText("1.0 of 4.0 MB")).toBeTruthy();
  expect(await violations()).toEqual([]);
});

test("an image is removed after a warning, and a refusal is shown", async () => {
  let answer: unknown = { images: [IMAGE], pulls: [] };
  const { calls } = renderPage(<ImagesPage />, "/images", "/images", { images: () => answer });
  press((await screen.findByRole("row", { name: /shop\/web:1/ })).querySelector<HTMLElement>("input[type=radio]") ?? undefined);
  press(button("Remove"));
  const dialog = await openDialog();
  expect(within(dialog).getByText(/A task uses this image/)).toBeTruthy();
  answer = apiError("ResourceNotFoundException", "image shop/web:1 is not here");
  press(button("Remove image", dialog));
  expect(await screen.findByText("ResourceNotFoundException: image shop/web:1 is not here")).toBeTruthy();
  expect(calls.filter(({ operation }) => operation === "images")).toHaveLength(2);
});
