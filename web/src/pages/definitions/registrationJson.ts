import type { Revision } from "../../aws/taskDefinitions.ts";

/** The members that the server assigns, and that RegisterTaskDefinition does not accept. */
const ASSIGNED = new Set([
  "taskDefinitionArn",
  "revision",
  "status",
  "requiresAttributes",
  "compatibilities",
  "registeredAt",
  "registeredBy",
  "deregisteredAt",
  "deleteRequestedAt",
]);

/** The JSON of a RegisterTaskDefinition request for the same task definition. */
export function registrationJson({ definition, tags }: Revision): string {
  const members = Object.entries(definition).filter(([name]) => !ASSIGNED.has(name));
  return JSON.stringify({ ...Object.fromEntries(members), ...(tags.length > 0 ? { tags } : {}) }, null, 2);
}

/** The initial JSON of a new task definition. */
export const TEMPLATE = JSON.stringify(
  {
    family: "",
    networkMode: "awsvpc",
    containerDefinitions: [{ name: "app", image: "", essential: true, memory: 128, portMappings: [] }],
  },
  null,
  2,
);
