// Recorded API responses about a small shop; `make fixtures` records them again.

import type { ServiceDeployment, Service } from "@aws-sdk/client-ecs";
import shop from "./fixtures/shop.json" with { type: "json" };
import { apiError } from "./renderPage.tsx";

const { refusals, ...recorded } = shop;

export const answers = { ...recorded, findings: { findings: [] } };

type Refusal = keyof typeof refusals;

/** A recorded error response. */
export function refusal(operation: Refusal): Error {
  const { __type, message } = refusals[operation];
  return apiError(__type, message);
}

/** A service of the shop as the SDK returns it. */
export function serviceNamed(name: string): Service {
  return withDates(shop.DescribeServices.services.find((service) => service.serviceName === name)) as Service;
}

/** The blue/green deployment with a hook that is awaiting action. */
export function waitingDeployment(): ServiceDeployment {
  return withDates(shop.DescribeServiceDeployments.serviceDeployments[0]) as ServiceDeployment;
}

/** Converts timestamps to dates, as the SDK does. */
function withDates(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withDates);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, name.endsWith("At") && typeof one === "number" ? new Date(one * 1000) : withDates(one)]),
  );
}
