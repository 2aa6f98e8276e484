// The client of AWS App Mesh.

import { AppMeshClient, type MeshRef, paginateListMeshes } from "@aws-sdk/client-app-mesh";
import { clientFactory, type Target } from "./config.ts";

export const appMesh = clientFactory(AppMeshClient);

/** The meshes of the account, including those that other accounts share with it. */
export async function readMeshes(target: Target): Promise<MeshRef[]> {
  const meshes: MeshRef[] = [];
  for await (const page of paginateListMeshes({ client: appMesh(target) }, {})) meshes.push(...(page.meshes ?? []));
  return meshes;
}
