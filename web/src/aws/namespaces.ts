// Namespaces of Cloud Map, and which services of ECS are in them by Service Connect.

import { paginateListServicesByNamespace } from "@aws-sdk/client-ecs";
import { GetNamespaceCommand, type Namespace, type NamespaceSummary, paginateListNamespaces } from "@aws-sdk/client-servicediscovery";
import { nameOf } from "./arn.ts";
import { cloudMap } from "./cloudMap.ts";
import type { Target } from "./config.ts";
import { ecs } from "./ecs.ts";
import { MissingError } from "./fault.ts";

export async function readNamespaces(target: Target): Promise<NamespaceSummary[]> {
  const found: NamespaceSummary[] = [];
  for await (const page of paginateListNamespaces({ client: cloudMap(target) }, {})) found.push(...(page.Namespaces ?? []));
  return found;
}

/** One namespace, by its id. */
export async function readNamespace(target: Target, id: string, abortSignal: AbortSignal): Promise<Namespace> {
  const { Namespace: found } = await cloudMap(target).send(new GetNamespaceCommand({ Id: id }), { abortSignal });
  if (!found) throw new MissingError("NamespaceNotFound", "Namespace not found.");
  return found;
}

/** ARNs of the services of ECS, of whichever cluster, that Service Connect ties to a namespace. */
export async function readServicesUsing(target: Target, namespace: string): Promise<string[]> {
  const found: string[] = [];
  for await (const page of paginateListServicesByNamespace({ client: ecs(target), pageSize: 100 }, { namespace })) {
    found.push(...(page.serviceArns ?? []));
  }
  return found;
}

/** A namespace's name, given its name or ARN. */
export function namespaceName(namespaces: readonly NamespaceSummary[], named: string | undefined): string {
  return namespaces.find((one) => one.Arn === named)?.Name ?? nameOf(named);
}
