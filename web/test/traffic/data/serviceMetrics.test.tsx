// The tab "Traffic health" of a service, and the order of the slowest targets.

import { screen } from "@testing-library/react";
import { expect, test } from "vitest";
import ServicePage from "../../../src/pages/services/ServicePage.tsx";
import { bySlowest, type TaskMetrics } from "../../../src/traffic/data/slowestTasks.ts";
import { renderPage } from "../../renderPage.tsx";
import { answers } from "../../shop.ts";

test("traffic is in the first tab of the service's page", async () => {
  const DescribeServices = { services: answers.DescribeServices.services.filter((service) => service.serviceName === "catalog") };
  const pattern = "/clusters/:cluster/services/:service/:tab?";
  renderPage(<ServicePage />, pattern, "/clusters/shop/services/catalog/traffic", { ...answers, DescribeServices });
  await screen.findByText("By DiscoveryName: traffic that this service's proxies received");
  expect(screen.getByRole("tab", { name: "Health and metrics" }).getAttribute("aria-selected")).toBe("true");
});

test("the slowest target by p95 comes first, then the one that fails; one without any latency last", () => {
  const task = (name: string, p95: number | null, failures = 0): TaskMetrics => ({
    ...{ workload: { kind: "service", cluster: "back", service: "stock" }, task: name, requests: 10 },
    ...{ failures, p50: p95, p95, p99: p95 },
  });
  const tasks = [task("untimed", null, 10), task("quick", 1), task("failing", 5, 3), task("even", 5), task("slow", 90)];
  expect(tasks.sort(bySlowest).map((one) => one.task)).toEqual(["slow", "failing", "even", "quick", "untimed"]);
});
