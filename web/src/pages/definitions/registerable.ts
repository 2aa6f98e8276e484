import type { Revision } from "../../aws/taskDefinitions.ts";

/** What only the server says of a revision, and a request to register one can't have. */
const GIVEN = new Set([
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

/** The JSON that registers the same again. */
export function registerable({ definition, tags }: Revision): string {
  const members = Object.entries(definition).filter(([name]) => !GIVEN.has(name));
  return JSON.stringify({ ...Object.fromEntries(members), ...(tags.length > 0 ? { tags } : {}) }, null, 2);
}

/** What a first task definition begins with. */
export const SKELETON = JSON.stringify(
  {
    family: "",
    networkMode: "awsvpc",
    containerDefinitions: [{ name: "app", image: "", essential: true, memory: 128, portMappings: [] }],
  },
  null,
  2,
);
