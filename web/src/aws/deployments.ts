// Service deployments: their history, how far one is, and what may be done about it.

import {
  ContinueServiceDeploymentCommand,
  DescribeServiceDeploymentsCommand,
  DescribeServiceRevisionsCommand,
  ListServiceDeploymentsCommand,
  type ServiceDeployment,
  type ServiceRevision,
  StopServiceDeploymentCommand,
} from "@aws-sdk/client-ecs";
import type { Target } from "./config.ts";
import { ecs } from "./ecs.ts";
import { MissingError } from "./fault.ts";

const HISTORY = 20; // of them are shown, and DescribeServiceDeployments takes no more

/** The newest deployments of a service, newest first. */
export async function readDeployments(target: Target, cluster: string, service: string, abortSignal: AbortSignal): Promise<ServiceDeployment[]> {
  const client = ecs(target);
  const listed = await client.send(new ListServiceDeploymentsCommand({ cluster, service, maxResults: HISTORY }), { abortSignal });
  const arns = (listed.serviceDeployments ?? []).map((one) => one.serviceDeploymentArn ?? "");
  if (arns.length === 0) return [];
  const found = await client.send(new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: arns }), { abortSignal });
  return (found.serviceDeployments ?? []).sort((a, b) => Number(b.createdAt) - Number(a.createdAt));
}

/** One deployment. Rejects with MissingError where there is none. */
export async function readDeployment(target: Target, arn: string, abortSignal: AbortSignal): Promise<ServiceDeployment> {
  const found = await ecs(target).send(new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: [arn] }), { abortSignal });
  const [deployment] = found.serviceDeployments ?? [];
  if (!deployment) throw new MissingError("ServiceDeploymentNotFoundException", "Service deployment not found.");
  return deployment;
}

export async function readRevisions(target: Target, arns: readonly string[], abortSignal: AbortSignal): Promise<ServiceRevision[]> {
  if (arns.length === 0) return [];
  const found = await ecs(target).send(new DescribeServiceRevisionsCommand({ serviceRevisionArns: [...arns] }), { abortSignal });
  return found.serviceRevisions ?? [];
}

/** ARN of a deployment by the id that stands in the console's addresses. */
export function deploymentArn(target: Target, cluster: string, service: string, id: string): string {
  const { account, region } = target.scope;
  return `arn:aws:ecs:${region}:${account}:service-deployment/${cluster}/${service}/${id}`;
}

export async function stopDeployment(target: Target, arn: string, stopType: "ABORT" | "ROLLBACK"): Promise<void> {
  await ecs(target).send(new StopServiceDeploymentCommand({ serviceDeploymentArn: arn, stopType }));
}

/** Answer a hook that waits. */
export async function answerHook(target: Target, arn: string, hookId: string, action: "CONTINUE" | "ROLLBACK"): Promise<void> {
  await ecs(target).send(new ContinueServiceDeploymentCommand({ serviceDeploymentArn: arn, hookId, action }));
}

const OVER = new Set(["SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"]);

export function isOver(deployment: ServiceDeployment): boolean {
  return OVER.has(deployment.status ?? "");
}
