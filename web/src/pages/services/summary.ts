// What a service comes to at a glance.

import type { Deployment, Service } from "@aws-sdk/client-ecs";

/** The deployment that new tasks are of. */
export function primaryOf(service: Service): Deployment | undefined {
  return service.deployments?.find((deployment) => deployment.status === "PRIMARY") ?? service.deployments?.[0];
}

/** Whether something is being brought out. */
export function isDeploying(service: Service): boolean {
  return service.deployments?.some((deployment) => deployment.rolloutState === "IN_PROGRESS") ?? false;
}

export function clusterNameOf(service: Service): string {
  return service.clusterArn?.split("/").at(-1) ?? "";
}
