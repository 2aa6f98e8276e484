// What a server answered about a small shop; `make fixtures` records it anew.

import type { ServiceDeployment, Service } from "@aws-sdk/client-ecs";
import shop from "./fixtures/shop.json" with { type: "json" };
import { apiError } from "./rendered.tsx";

export const { refusals, ...answers } = shop;

type Refusal = keyof typeof refusals;

/** What the server said no with, as an error. */
export function refusal(operation: Refusal): Error {
  const { __type, message } = refusals[operation];
  return apiError(__type, message);
}

/** A service of the shop as the SDK gives it. */
export function serviceNamed(name: string): Service {
  return inDates(shop.DescribeServices.services.find((service) => service.serviceName === name)) as Service;
}

/** The blue/green deployment that waits at a hook. */
export function waitingDeployment(): ServiceDeployment {
  return inDates(shop.DescribeServiceDeployments.serviceDeployments[0]) as ServiceDeployment;
}

/** The SDK's dates for the numbers of the wire. */
function inDates(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inDates);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, name.endsWith("At") && typeof one === "number" ? new Date(one * 1000) : inDates(one)]),
  );
}
