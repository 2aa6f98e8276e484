// Namespaces of Cloud Map, as far as Service Connect names them.

import { type NamespaceSummary, paginateListNamespaces } from "@aws-sdk/client-servicediscovery";
import { nameOf } from "./arn.ts";
import { cloudMap } from "./cloudMap.ts";
import type { Target } from "./config.ts";

export async function readNamespaces(target: Target): Promise<NamespaceSummary[]> {
  const found: NamespaceSummary[] = [];
  for await (const page of paginateListNamespaces({ client: cloudMap(target) }, {})) found.push(...(page.Namespaces ?? []));
  return found;
}

/** A namespace's name, given its name or ARN. */
export function namespaceName(namespaces: readonly NamespaceSummary[], named: string | undefined): string {
  return namespaces.find((one) => one.Arn === named)?.Name ?? nameOf(named);
}
