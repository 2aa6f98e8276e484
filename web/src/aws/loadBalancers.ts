// Reads, creates and deletes load balancers, with the network interfaces of their nodes.

import { DescribeNetworkInterfacesCommand, type NetworkInterface } from "@aws-sdk/client-ec2";
import {
  CreateLoadBalancerCommand,
  type CreateLoadBalancerCommandInput,
  DeleteLoadBalancerCommand,
  DescribeLoadBalancersCommand,
  type LoadBalancer,
  paginateDescribeLoadBalancers,
  SetSecurityGroupsCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { NotFoundError } from "./apiError.ts";
import type { Target } from "./config.ts";
import { ec2 } from "./ec2.ts";
import { elb, loadBalancerDimension } from "./elb.ts";

export async function readLoadBalancers(target: Target): Promise<LoadBalancer[]> {
  const balancers: LoadBalancer[] = [];
  for await (const page of paginateDescribeLoadBalancers({ client: elb(target) }, {})) balancers.push(...(page.LoadBalancers ?? []));
  return balancers;
}

/** A load balancer, given its name. */
export async function readLoadBalancer(target: Target, name: string, abortSignal: AbortSignal): Promise<LoadBalancer> {
  const response = await elb(target).send(new DescribeLoadBalancersCommand({ Names: [name] }), { abortSignal });
  const [balancer] = response.LoadBalancers ?? [];
  if (!balancer) throw new NotFoundError("LoadBalancerNotFound", "Load balancer not found.");
  return balancer;
}

/** The network interfaces of a load balancer's nodes, by zone. */
export async function readNodes(target: Target, balancer: LoadBalancer, abortSignal: AbortSignal): Promise<NetworkInterface[]> {
  const description = `ELB ${loadBalancerDimension(balancer.LoadBalancerArn)}`;
  const command = new DescribeNetworkInterfacesCommand({ Filters: [{ Name: "description", Values: [description] }] });
  const { NetworkInterfaces: interfaces = [] } = await ec2(target).send(command, { abortSignal });
  return interfaces.sort((a, b) => ((a.AvailabilityZone ?? "") < (b.AvailabilityZone ?? "") ? -1 : 1));
}

export async function createLoadBalancer(target: Target, input: CreateLoadBalancerCommandInput): Promise<void> {
  await elb(target).send(new CreateLoadBalancerCommand(input));
}

/** Deletes a load balancer with its listeners and their rules. */
export async function deleteLoadBalancer(target: Target, arn: string): Promise<void> {
  await elb(target).send(new DeleteLoadBalancerCommand({ LoadBalancerArn: arn }));
}

export async function setSecurityGroups(target: Target, arn: string, groups: readonly string[]): Promise<void> {
  await elb(target).send(new SetSecurityGroupsCommand({ LoadBalancerArn: arn, SecurityGroups: [...groups] }));
}
