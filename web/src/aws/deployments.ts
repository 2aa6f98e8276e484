// Reads, stops and continues service deployments.

import {
  ContinueServiceDeploymentCommand,
  DescribeServiceDeploymentsCommand,
  DescribeServiceRevisionsCommand,
  ListServiceDeploymentsCommand,
  type ServiceDeployment,
  type ServiceRevision,
  StopServiceDeploymentCommand,
} from "@aws-sdk/client-ecs";
import { ecsArn } from "./arn.ts";
import type { Target } from "./config.ts";
import { ecs } from "./ecs.ts";
import { NotFoundError } from "./apiError.ts";

const MAX_DEPLOYMENTS = 20; // the limit of DescribeServiceDeployments

/** The newest deployments of a service, newest first. */
export async function readDeployments(target: Target, cluster: string, service: string, abortSignal: AbortSignal): Promise<ServiceDeployment[]> {
  const client = ecs(target);
  const listed = await client.send(new ListServiceDeploymentsCommand({ cluster, service, maxResults: MAX_DEPLOYMENTS }), { abortSignal });
  const arns = (listed.serviceDeployments ?? []).map(({ serviceDeploymentArn }) => serviceDeploymentArn ?? "");
  if (arns.length === 0) return [];
  const response = await client.send(new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: arns }), { abortSignal });
  return (response.serviceDeployments ?? []).sort((a, b) => Number(b.createdAt) - Number(a.createdAt));
}

/** Rejects with NotFoundError if there is no such deployment. */
export async function readDeployment(target: Target, arn: string, abortSignal: AbortSignal): Promise<ServiceDeployment> {
  const response = await ecs(target).send(new DescribeServiceDeploymentsCommand({ serviceDeploymentArns: [arn] }), { abortSignal });
  const [deployment] = response.serviceDeployments ?? [];
  if (!deployment) throw new NotFoundError("ServiceDeploymentNotFoundException", "Service deployment not found.");
  return deployment;
}

export async function readRevisions(target: Target, arns: readonly string[], abortSignal: AbortSignal): Promise<ServiceRevision[]> {
  if (arns.length === 0) return [];
  const response = await ecs(target).send(new DescribeServiceRevisionsCommand({ serviceRevisionArns: [...arns] }), { abortSignal });
  return response.serviceRevisions ?? [];
}

export interface ManagedUrl {
  readonly url: string;
  /** Whether callers outside of the VPC reach it. */
  readonly isPublic: boolean;
}

/** The URLs that ECS manages for these revisions: those of an Express service, and of connections to gateways. */
export async function readManagedUrls(target: Target, revisions: readonly string[], abortSignal: AbortSignal): Promise<ManagedUrl[]> {
  const managed = (await readRevisions(target, revisions, abortSignal)).map(({ ecsManagedResources }) => ecsManagedResources ?? {});
  const paths = managed.flatMap(({ ingressPaths = [] }) => ingressPaths.map(({ endpoint, accessType }) => ({ url: endpoint, accessType })));
  const routes = managed.flatMap(({ gatewayConnections = [] }) => gatewayConnections.map(({ serviceUrl, accessType }) => ({ url: serviceUrl, accessType })));
  return [...paths, ...routes].flatMap(({ url, accessType }) => (url === undefined ? [] : [{ url, isPublic: accessType === "PUBLIC" }]));
}

/** The ARN of a deployment, given its id. */
export function deploymentArn(target: Target, cluster: string, service: string, id: string): string {
  return ecsArn(target.scope, `service-deployment/${cluster}/${service}/${id}`);
}

export async function stopDeployment(target: Target, arn: string, stopType: "ABORT" | "ROLLBACK"): Promise<void> {
  await ecs(target).send(new StopServiceDeploymentCommand({ serviceDeploymentArn: arn, stopType }));
}

/** Answers a lifecycle hook that is awaiting action. */
export async function answerHook(target: Target, arn: string, hookId: string, action: "CONTINUE" | "ROLLBACK"): Promise<void> {
  await ecs(target).send(new ContinueServiceDeploymentCommand({ serviceDeploymentArn: arn, hookId, action }));
}

const FINAL_STATUSES = new Set(["SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"]);

export function isFinished(deployment: ServiceDeployment): boolean {
  return FINAL_STATUSES.has(deployment.status ?? "");
}
