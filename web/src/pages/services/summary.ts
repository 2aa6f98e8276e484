// Values derived from a service.

import type { Deployment, Service } from "@aws-sdk/client-ecs";

/** The deployment to which new tasks belong. */
export function primaryOf(service: Service): Deployment | undefined {
  return service.deployments?.find((deployment) => deployment.status === "PRIMARY") ?? service.deployments?.[0];
}

/** Whether a deployment is in progress. */
export function isDeploying(service: Service): boolean {
  return service.deployments?.some((deployment) => deployment.rolloutState === "IN_PROGRESS") ?? false;
}

export function clusterNameOf(service: Service): string {
  return service.clusterArn?.split("/").at(-1) ?? "";
}
