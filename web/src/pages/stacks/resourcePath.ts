// The paths of the console's pages of a stack's resources.

import { paths } from "../../app/paths.ts";
import { clusterOf, nameOf } from "../../aws/arn.ts";
import { elbName } from "../../aws/elb.ts";
import { definitionPath } from "../definitions/definitionPath.ts";

const PATHS: Readonly<Record<string, (id: string) => string>> = {
  "AWS::CloudFormation::Stack": paths.stack,
  "AWS::CloudWatch::Alarm": paths.alarm,
  "AWS::ECS::Cluster": paths.cluster,
  "AWS::ECS::Daemon": (arn) => paths.daemon(clusterOf(arn.split(":").at(-1)), nameOf(arn)),
  "AWS::ECS::DaemonTaskDefinition": definitionPath,
  "AWS::ECS::ExpressGatewayService": (arn) => paths.expressService(clusterOf(arn.split(":").at(-1)), nameOf(arn)),
  "AWS::ECS::Gateway": (arn) => paths.gateway(nameOf(arn)),
  "AWS::ECS::Service": (arn) => paths.service(clusterOf(arn.split(":").at(-1)), nameOf(arn)),
  "AWS::ECS::TaskDefinition": definitionPath,
  "AWS::ElasticLoadBalancingV2::LoadBalancer": (arn) => paths.loadBalancer(elbName(arn)),
  "AWS::ElasticLoadBalancingV2::TargetGroup": (arn) => paths.targetGroup(elbName(arn)),
  "AWS::ServiceDiscovery::HttpNamespace": paths.namespace,
  "AWS::ServiceDiscovery::PrivateDnsNamespace": paths.namespace,
  "AWS::ServiceDiscovery::PublicDnsNamespace": paths.namespace,
};

/** The path of a resource's page; undefined for a type without pages, and for a resource that does not exist yet. */
export function resourcePath(type: string | undefined, physicalId: string | undefined): string | undefined {
  return physicalId ? PATHS[type ?? ""]?.(physicalId) : undefined;
}
