// Choices whose options a query has: a query that fails is not a query without results.

import { fireEvent, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { useClusters } from "../../src/live/queries.ts";
import { Autosuggest } from "../../src/parts/choices.tsx";
import { apiError, renderPage } from "../renderPage.tsx";
import { press } from "../userActions.ts";

function ClusterChoice() {
  const clusters = useClusters();
  const options = (clusters.data ?? []).map(({ clusterName = "" }) => ({ value: clusterName }));
  return <Autosuggest optionsFrom={clusters} options={options} value="" enteredTextLabel={(value) => value} onChange={() => undefined} />;
}

test("a choice says that its options could not be loaded, and loads them again", async () => {
  let isFailing = true;
  renderPage(<ClusterChoice />, "/", "/", {
    ListClusters: () => (isFailing ? apiError("InvalidParameterException", "Not now.") : { clusterArns: ["arn:aws:ecs:us-east-1:123456789012:cluster/shop"] }),
    DescribeClusters: { clusters: [{ clusterName: "shop" }] },
  });
  const control = document.querySelector("[aria-haspopup], input");
  if (control === null) throw new Error("there is no choice");
  fireEvent.mouseDown(control);
  fireEvent.focus(control);
  await screen.findByText("Couldn't load the data");
  isFailing = false;
  press(screen.getByText("Retry"));
  expect((await screen.findAllByText("shop")).length).toBeGreaterThan(0);
});
