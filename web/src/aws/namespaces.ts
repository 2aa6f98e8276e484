// Reads Cloud Map namespaces, and the ECS services that use them for Service Connect.

import { paginateListServicesByNamespace } from "@aws-sdk/client-ecs";
import { GetNamespaceCommand, type Namespace, type NamespaceSummary, paginateListNamespaces } from "@aws-sdk/client-servicediscovery";
import { nameOf } from "./arn.ts";
import { cloudMap } from "./cloudMap.ts";
import type { Target } from "./config.ts";
import { ecs } from "./ecs.ts";
import { NotFoundError } from "./apiError.ts";

export async function readNamespaces(target: Target): Promise<NamespaceSummary[]> {
  const namespaces: NamespaceSummary[] = [];
  for await (const page of paginateListNamespaces({ client: cloudMap(target) }, {})) namespaces.push(...(page.Namespaces ?? []));
  return namespaces;
}

/** A namespace, given its id. */
export async function readNamespace(target: Target, id: string, abortSignal: AbortSignal): Promise<Namespace> {
  const { Namespace: namespace } = await cloudMap(target).send(new GetNamespaceCommand({ Id: id }), { abortSignal });
  if (!namespace) throw new NotFoundError("NamespaceNotFound", "Namespace not found.");
  return namespace;
}

/** ARNs of the ECS services of all clusters that use a namespace for Service Connect. */
export async function listServicesInNamespace(target: Target, namespace: string): Promise<string[]> {
  const arns: string[] = [];
  for await (const page of paginateListServicesByNamespace({ client: ecs(target), pageSize: 100 }, { namespace })) {
    arns.push(...(page.serviceArns ?? []));
  }
  return arns;
}

/** The name of a namespace, given its name or ARN. */
export function namespaceName(namespaces: readonly NamespaceSummary[], nameOrArn: string | undefined): string {
  return namespaces.find((namespace) => namespace.Arn === nameOrArn)?.Name ?? nameOf(nameOrArn);
}
