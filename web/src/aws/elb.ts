// The client of Elastic Load Balancing, and what its resources have in common: attributes, tags, and names in metrics.

import {
  AddTagsCommand,
  DescribeListenerAttributesCommand,
  DescribeLoadBalancerAttributesCommand,
  DescribeTagsCommand,
  DescribeTargetGroupAttributesCommand,
  ElasticLoadBalancingV2Client,
  ModifyListenerAttributesCommand,
  ModifyLoadBalancerAttributesCommand,
  ModifyTargetGroupAttributesCommand,
  RemoveTagsCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { clientFactory, type Target } from "./config.ts";
import { type Tags, tagChanges } from "./tags.ts";

export const elb = clientFactory(ElasticLoadBalancingV2Client);

/** An attribute of a load balancer, a listener or a target group. */
export interface Attribute {
  readonly key: string;
  readonly value: string;
}

export type AttributeOwner = "loadBalancer" | "listener" | "targetGroup";

/** All attributes of a resource, by key, including those that have their defaults. */
export async function readAttributes(target: Target, owner: AttributeOwner, arn: string, abortSignal: AbortSignal): Promise<Attribute[]> {
  const { Attributes: attributes = [] } = await describeAttributes(target, owner, arn, abortSignal);
  return attributes.map(({ Key = "", Value = "" }) => ({ key: Key, value: Value })).sort((a, b) => (a.key < b.key ? -1 : 1));
}

function describeAttributes(target: Target, owner: AttributeOwner, arn: string, abortSignal: AbortSignal) {
  const client = elb(target);
  if (owner === "loadBalancer") return client.send(new DescribeLoadBalancerAttributesCommand({ LoadBalancerArn: arn }), { abortSignal });
  if (owner === "listener") return client.send(new DescribeListenerAttributesCommand({ ListenerArn: arn }), { abortSignal });
  return client.send(new DescribeTargetGroupAttributesCommand({ TargetGroupArn: arn }), { abortSignal });
}

export async function modifyAttributes(target: Target, owner: AttributeOwner, arn: string, changed: readonly Attribute[]): Promise<void> {
  const client = elb(target);
  const Attributes = changed.map(({ key, value }) => ({ Key: key, Value: value }));
  if (owner === "loadBalancer") await client.send(new ModifyLoadBalancerAttributesCommand({ LoadBalancerArn: arn, Attributes }));
  else if (owner === "listener") await client.send(new ModifyListenerAttributesCommand({ ListenerArn: arn, Attributes }));
  else await client.send(new ModifyTargetGroupAttributesCommand({ TargetGroupArn: arn, Attributes }));
}

export async function readTags(target: Target, arn: string, abortSignal: AbortSignal): Promise<Tags> {
  const response = await elb(target).send(new DescribeTagsCommand({ ResourceArns: [arn] }), { abortSignal });
  return (response.TagDescriptions?.[0]?.Tags ?? []).map(({ Key: key, Value: value }) => ({ key, value }));
}

/** Tags as Elastic Load Balancing takes them; undefined without any, because an empty list is rejected. */
export function elbTags(tags: Tags): { Key: string; Value: string }[] | undefined {
  return tags.length === 0 ? undefined : tags.map(({ key = "", value = "" }) => ({ Key: key, Value: value }));
}

const MOST_TAGS = 50;

/**
 * Sets the tags of a resource, which has the tags `before`. Tags are added before others are removed, so that a failure loses none,
 * except where both together would be too many for the API.
 */
export async function tagElbResource(target: Target, arn: string, before: Tags, after: Tags): Promise<void> {
  const { put, remove } = tagChanges(before, after);
  const added = elbTags(put);
  const add = async () => { if (added) await elb(target).send(new AddTagsCommand({ ResourceArns: [arn], Tags: added })); };
  const drop = async () => { if (remove.length > 0) await elb(target).send(new RemoveTagsCommand({ ResourceArns: [arn], TagKeys: remove })); };
  const isFull = after.length + remove.length > MOST_TAGS;
  for (const change of isFull ? [drop, add] : [add, drop]) await change();
}

/** The value of the dimension `LoadBalancer`, such as `app/web/0123456789abcdef`. */
export function loadBalancerDimension(arn: string | undefined): string {
  return arn?.split(":loadbalancer/").at(1) ?? "";
}

/** The value of the dimension `TargetGroup`, such as `targetgroup/front/0123456789abcdef`. */
export function targetGroupDimension(arn: string | undefined): string {
  return arn?.split(":").at(-1) ?? "";
}

/** The name in an ARN of a load balancer or a target group, or in the value of their dimensions. */
export function elbName(arn: string | undefined): string {
  return arn?.split("/").at(-2) ?? "";
}
