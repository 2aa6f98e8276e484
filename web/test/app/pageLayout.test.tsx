// The layout of all pages: the side navigation names the version of the server.

import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { PageLayout } from "../../src/app/PageLayout.tsx";
import { saveSetting } from "../../src/app/localSettings.ts";
import { renderPage } from "../renderPage.tsx";

test.each([["en", "moyai version 9.8.7"], ["ja", "moyai バージョン 9.8.7"]])("the side navigation shows the server's version in %s", (language, expected) => {
  saveSetting("language", language);
  renderPage(<PageLayout title="A page" breadcrumbs={[]}>content</PageLayout>, "/", "/", {});
  expect(screen.getByText(expected).closest("nav, aside, [class*=navigation]")).not.toBeNull();
});
