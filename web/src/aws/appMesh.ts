// AWS App Mesh, as the official SDK speaks it.

import { AppMeshClient, type MeshRef, paginateListMeshes } from "@aws-sdk/client-app-mesh";
import { carrying, clientConfig, type Target } from "./config.ts";

const clients = new WeakMap<Target, AppMeshClient>();

/** The client for a target; made once. */
export function appMesh(target: Target): AppMeshClient {
  let client = clients.get(target);
  if (!client) {
    client = carrying(new AppMeshClient(clientConfig(target)), target);
    clients.set(target, client);
  }
  return client;
}

/** The account's meshes, and those that others share with it. */
export async function readMeshes(target: Target): Promise<MeshRef[]> {
  const found: MeshRef[] = [];
  for await (const page of paginateListMeshes({ client: appMesh(target) }, {})) found.push(...(page.meshes ?? []));
  return found;
}
