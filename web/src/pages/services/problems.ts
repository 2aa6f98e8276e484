// What is wrong with the form of a service before it is sent, and which field an error of the API is about. Pure.

import type { NetworkMode } from "@aws-sdk/client-ecs";
import type { ApiError } from "../../aws/apiError.ts";
import { type ServiceDraft, usesAwsvpc } from "./draft.ts";

export type ProblemField = "family" | "name" | "desired" | "minimum" | "maximum" | "bake" | "percent" | "stepBake" | "subnets" | "groups" | "namespace" | "endpoints" | "balancers";
export type ProblemKind = "family" | "name" | "count" | "tasks" | "minimum" | "maximum" | "minutes" | "percent" | "subnets" | "namespace" | "port" | "balancer";

/** The first problem of each field. */
export type Problems = Partial<Readonly<Record<ProblemField, ProblemKind>>>;

/** The texts of errors by field. */
export type FieldErrors = Partial<Readonly<Record<ProblemField, string>>>;

const NAME = /^[A-Za-z0-9_-]{1,255}$/;

export function problemsOf(draft: ServiceDraft, name: string, mode: NetworkMode | undefined, defaultNamespace: string | undefined): Problems {
  const ports = draft.connect === "server" ? draft.endpoints.filter(({ enabled }) => enabled).map(({ port }) => port) : [];
  const isRolling = draft.strategy === "ROLLING";
  const checks: readonly (readonly [ProblemField, ProblemKind, boolean])[] = [
    ["family", "family", draft.family !== ""],
    ["name", "name", NAME.test(name)],
    ["desired", "count", isWhole(draft.desired, 0, 10_000)],
    ["minimum", "minimum", isWhole(draft.minimum, 0, 100)],
    ["maximum", "maximum", (!isRolling && draft.strategy !== "BLUE_GREEN") || isWhole(draft.maximum, 100, 100_000)],
    ["bake", "minutes", isRolling || isWhole(draft.bake, 0, 1440)],
    ["percent", "percent", isRolling || draft.strategy === "BLUE_GREEN" || isBetween(draft.percent, 0.1, 100)],
    ["stepBake", "minutes", isRolling || draft.strategy === "BLUE_GREEN" || isWhole(draft.stepBake, 0, 1440)],
    ["subnets", "subnets", hasSubnets(draft, mode)],
    ["namespace", "namespace", draft.connect === "off" || draft.namespace !== "" || defaultNamespace !== undefined],
    ["endpoints", "port", ports.every((port) => isWhole(port, 1, 65_535))],
    ["balancers", "balancer", draft.balancers.every(({ targetGroup, container }) => targetGroup !== "" && container !== "")],
  ];
  return failing(checks);
}

/** The problems of the form that runs tasks without a service. */
export function taskProblemsOf(draft: ServiceDraft, mode: NetworkMode | undefined): Problems {
  return failing([
    ["family", "family", draft.family !== ""],
    ["desired", "tasks", isWhole(draft.desired, 1, 10)],
    ["subnets", "subnets", hasSubnets(draft, mode)],
  ]);
}

function failing(checks: readonly (readonly [ProblemField, ProblemKind, boolean])[]): Problems {
  return Object.fromEntries(checks.filter(([, , isFine]) => !isFine).map(([field, kind]) => [field, kind]));
}

function hasSubnets({ subnets }: ServiceDraft, mode: NetworkMode | undefined): boolean {
  return !usesAwsvpc(mode) || (subnets.length >= 1 && subnets.length <= 16);
}

function isWhole(text: string, min: number, max: number): boolean {
  return /^\d+$/.test(text.trim()) && isBetween(text, min, max);
}

function isBetween(text: string, min: number, max: number): boolean {
  return text.trim() !== "" && Number(text) >= min && Number(text) <= max;
}

const FIELDS_OF_ERRORS: readonly (readonly [RegExp, ProblemField])[] = [
  [/subnet/i, "subnets"],
  [/security ?group/i, "groups"],
  [/namespace/i, "namespace"],
  [/desired ?count/i, "desired"],
  [/minimumHealthyPercent/i, "minimum"],
  [/maximumPercent/i, "maximum"],
  [/service ?name|idempotent/i, "name"],
  [/task ?definition/i, "family"],
  [/target ?group|load ?balancer/i, "balancers"],
  [/portName|discoveryName|clientAlias|dnsName/i, "endpoints"],
];

/** The field that an error of the API names; undefined if it names none. */
export function fieldOf({ message }: ApiError): ProblemField | undefined {
  return FIELDS_OF_ERRORS.find(([pattern]) => pattern.test(message))?.[1];
}
