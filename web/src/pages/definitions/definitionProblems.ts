// What is wrong with the fields of a task definition before it is registered. Pure. The API checks everything else.

import { type JsonObject, objectsOf, portsOf, textOf } from "./definitionJson.ts";

export type ProblemKind = "name" | "duplicate" | "image" | "networkMode" | "cpu" | "memory" | "port";

/** The fields that have a problem, each with its kind. */
export type FieldProblems<Field extends string, Problem = ProblemKind> = Readonly<Partial<Record<Field, Problem>>>;

export type DefinitionField = "family" | "networkMode" | "cpu" | "memory";
export type ContainerField = "name" | "image" | "ports";

export interface DefinitionProblems<Problem = ProblemKind> {
  readonly fields: FieldProblems<DefinitionField, Problem>;
  /** Of each container, in their order. */
  readonly containers: readonly FieldProblems<ContainerField, Problem>[];
}

const NAME = /^[A-Za-z0-9_-]{1,255}$/;
const MODE = /^(?:awsvpc|bridge|host|none)?$/;
const CPU = /^(?:\d+|\d*\.?\d+ *v?cpu)?$/i;
const MEMORY = /^(?:\d+|\d*\.?\d+ *gb)?$/i;

export function problemsOf(definition: JsonObject): DefinitionProblems {
  const containers = objectsOf(definition, "containerDefinitions");
  const names = containers.map((container) => textOf(container, "name"));
  return {
    fields: failing([
      ["family", "name", NAME.test(textOf(definition, "family"))],
      ["networkMode", "networkMode", MODE.test(textOf(definition, "networkMode"))],
      ["cpu", "cpu", CPU.test(textOf(definition, "cpu"))],
      ["memory", "memory", MEMORY.test(textOf(definition, "memory"))],
    ]),
    containers: containers.map((container, index) => ({
      ...failing([
        ["name", "name", NAME.test(names[index] ?? "")],
        ["image", "image", /^\S+$/.test(textOf(container, "image"))],
        ["ports", "port", portsOf(container).every(({ containerPort, mapping }) => isPort(containerPort) || (containerPort === "" && textOf(mapping, "containerPortRange") !== ""))],
      ]),
      ...(names[index] && names.indexOf(names[index]) < index ? { name: "duplicate" as const } : {}),
    })),
  };
}

export function hasProblems({ fields, containers }: DefinitionProblems): boolean {
  return [fields, ...containers].some((problems) => Object.keys(problems).length > 0);
}

/** The problems as texts. */
export function withTexts({ fields, containers }: DefinitionProblems, texts: Readonly<Record<ProblemKind, string>>): DefinitionProblems<string> {
  const translated = <Field extends string>(problems: FieldProblems<Field>) =>
    Object.fromEntries(Object.entries<ProblemKind | undefined>(problems).flatMap(([field, kind]) => (kind ? [[field, texts[kind]]] : []))) as FieldProblems<Field, string>;
  return { fields: translated(fields), containers: containers.map(translated) };
}

function failing<Field extends string>(checks: readonly (readonly [Field, ProblemKind, boolean])[]): FieldProblems<Field> {
  return Object.fromEntries(checks.filter(([, , isFine]) => !isFine).map(([field, kind]) => [field, kind])) as FieldProblems<Field>;
}

function isPort(text: string): boolean {
  return /^\d+$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}
