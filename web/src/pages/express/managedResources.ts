// The resources that ECS manages for an Express service, as rows of one table.

import type { ECSManagedResources, ManagedIngressPath } from "@aws-sdk/client-ecs";
import { paths } from "../../app/paths.ts";
import { elbName } from "../../aws/elb.ts";

export type ResourceType =
  | "loadBalancer"
  | "listener"
  | "rule"
  | "targetGroup"
  | "certificate"
  | "loadBalancerSecurityGroup"
  | "serviceSecurityGroup"
  | "scalableTarget"
  | "scalingPolicy"
  | "alarm"
  | "logGroup";

interface Managed {
  readonly arn?: string | undefined;
  readonly status: string | undefined;
  readonly statusReason?: string | undefined;
  readonly updatedAt: Date | undefined;
}

export interface ManagedResource extends Managed {
  readonly type: ResourceType;
  readonly name: string;
  /** The path of the resource's page in this console, if it has one. */
  readonly path?: string | undefined;
}

/** All resources in the order in which a request passes them, from the load balancer to the tasks; then scaling, alarms and log groups. */
export function managedResources({ ingressPaths = [], serviceSecurityGroups = [], autoScaling, metricAlarms = [], logGroups = [] }: ECSManagedResources): ManagedResource[] {
  return [
    ...ingressPaths.flatMap(resourcesOfPath),
    ...rows("serviceSecurityGroup", serviceSecurityGroups, lastPart),
    ...rows("scalableTarget", autoScaling?.scalableTarget, lastPart),
    ...rows("scalingPolicy", autoScaling?.applicationAutoScalingPolicies, policyName),
    ...rows("alarm", metricAlarms, alarmName, paths.alarm),
    ...rows("logGroup", logGroups, logGroupName),
  ];
}

function resourcesOfPath(path: ManagedIngressPath): ManagedResource[] {
  return [
    ...rows("loadBalancer", path.loadBalancer, elbName, paths.loadBalancer),
    ...rows("loadBalancerSecurityGroup", path.loadBalancerSecurityGroups, lastPart),
    ...rows("certificate", path.certificate, () => path.certificate?.domainName ?? ""),
    ...rows("listener", path.listener, lastPart),
    ...rows("rule", path.rule, lastPart),
    ...rows("targetGroup", path.targetGroups, elbName, paths.targetGroup),
  ];
}

function rows(type: ResourceType, managed: Managed | readonly Managed[] | undefined, nameFromArn: (arn: string) => string, path?: (name: string) => string): ManagedResource[] {
  return [managed ?? []].flat().map(({ arn, status, statusReason, updatedAt }) => {
    const name = nameFromArn(arn ?? "");
    return { type, name, path: path?.(name), arn, status, statusReason, updatedAt };
  });
}

function lastPart(arn: string): string {
  return arn.split("/").at(-1) ?? "";
}

function policyName(arn: string): string {
  return arn.split(":policyName/").at(1) ?? arn;
}

function alarmName(arn: string): string {
  return arn.split(":alarm:").at(1) ?? arn;
}

function logGroupName(arn: string): string {
  return (arn.split(":log-group:").at(1) ?? arn).replace(/:\*$/, "");
}
