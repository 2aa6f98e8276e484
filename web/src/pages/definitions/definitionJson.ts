// The members of a task definition that the form edits, read from its JSON and written back. All other members stay as they are.

export type JsonObject = Readonly<Record<string, unknown>>;

export interface Pair {
  readonly name: string;
  readonly value: string;
}

/** A port mapping in the form, with values as typed. `mapping`: the original, which may have members that the form does not show. */
export interface Port {
  readonly mapping: JsonObject;
  readonly name: string;
  readonly containerPort: string;
  readonly appProtocol: string;
}

/** The parsed JSON; null unless it is an object. */
export function parseObject(body: string): JsonObject | null {
  try {
    const parsed: unknown = JSON.parse(body);
    return isObject(parsed) ? parsed : null;
  } catch {
    return null;
  }
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function textOf(object: JsonObject, name: string): string {
  const value = object[name];
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

export function objectsOf(object: JsonObject, name: string): readonly JsonObject[] {
  const value = object[name];
  return Array.isArray(value) ? value.filter(isObject) : [];
}

/** The object with other members; an empty text or an empty list removes its member. */
export function withMembers(object: JsonObject, members: JsonObject): JsonObject {
  const isEmpty = (value: unknown) => value === "" || value === undefined || (Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries({ ...object, ...members }).filter(([name, value]) => !(name in members && isEmpty(value))));
}

export function portsOf(container: JsonObject): readonly Port[] {
  return objectsOf(container, "portMappings").map((mapping) => ({
    mapping,
    name: textOf(mapping, "name"),
    containerPort: textOf(mapping, "containerPort"),
    appProtocol: textOf(mapping, "appProtocol"),
  }));
}

/**
 * The container with these ports. Members of a mapping that the form does not show stay. A port that is not a number is sent as
 * typed, so that the API rejects it.
 */
export function withPorts(container: JsonObject, ports: readonly Port[]): JsonObject {
  return withMembers(container, { portMappings: ports.map(mappingOf) });
}

/** The mapping of a port, in which only members that differ from the original are written. */
function mappingOf({ mapping, ...typed }: Port): JsonObject {
  const edited = Object.entries(typed).filter(([name, value]) => value !== textOf(mapping, name));
  return withMembers(mapping, Object.fromEntries(edited.map(([name, value]) => [name, name === "containerPort" && /^\d+$/.test(value) ? Number(value) : value])));
}

export function environmentOf(container: JsonObject): readonly Pair[] {
  return objectsOf(container, "environment").map((variable) => ({ name: textOf(variable, "name"), value: textOf(variable, "value") }));
}

/** The words of a command, one per line; null if a word is not a string or has several lines, so that only the JSON can hold it. */
export function commandOf(container: JsonObject): string | null {
  const command: unknown = container.command ?? [];
  const isPlain = Array.isArray(command) && command.every((word) => typeof word === "string" && !word.includes("\n"));
  return isPlain ? command.join("\n") : null;
}

export function withCommand(container: JsonObject, lines: string): JsonObject {
  return withMembers(container, { command: lines === "" ? [] : lines.split("\n") });
}
