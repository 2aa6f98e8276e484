// AWS App Mesh, as the official SDK speaks it.

import { AppMeshClient, type MeshRef, paginateListMeshes } from "@aws-sdk/client-app-mesh";
import { clientOf, type Target } from "./config.ts";

/** The client for a target; made once. */
export const appMesh = clientOf(AppMeshClient);

/** The account's meshes, and those that others share with it. */
export async function readMeshes(target: Target): Promise<MeshRef[]> {
  const found: MeshRef[] = [];
  for await (const page of paginateListMeshes({ client: appMesh(target) }, {})) found.push(...(page.meshes ?? []));
  return found;
}
