// Live queries of load balancers and target groups.

import { entryOf, readBalancedServices, readTargetTasks } from "../aws/balancedServices.ts";
import type { LoadBalancer, TargetGroup } from "@aws-sdk/client-elastic-load-balancing-v2";
import { readCertificates } from "../aws/certificates.ts";
import { type AttributeOwner, readAttributes, readTags } from "../aws/elb.ts";
import { readListener, readListenerCertificates, readListeners, readRule, readRules, readSslPolicies } from "../aws/listeners.ts";
import { readLoadBalancer, readLoadBalancers, readNodes } from "../aws/loadBalancers.ts";
import { readTargetGroup, readTargetGroups, readTargetHealth } from "../aws/targetGroups.ts";
import { useTarget } from "../aws/useTarget.ts";
import { useLive } from "./useLive.ts";

const LOAD_BALANCERS = { kind: "load-balancer" };
const LISTENERS = { kind: "listener" };
const RULES = { kind: "listener-rule" };
const TARGET_GROUPS = { kind: "target-group" };
const TARGETS = { kind: "target" };

export function useLoadBalancers() {
  const target = useTarget();
  return useLive(["load-balancers"], [LOAD_BALANCERS], () => readLoadBalancers(target));
}

export function useLoadBalancer(name: string) {
  const target = useTarget();
  return useLive(["load-balancer", name], [LOAD_BALANCERS], (signal) => readLoadBalancer(target, name, signal));
}

/** The network interfaces of a load balancer's nodes. */
export function useNodes(balancer: LoadBalancer) {
  const target = useTarget();
  return useLive(["load-balancer-nodes", balancer.LoadBalancerArn], [LOAD_BALANCERS], (signal) => readNodes(target, balancer, signal));
}

/** The listeners of a load balancer, given its ARN; none while that is unknown. */
export function useListeners(loadBalancer: string | undefined) {
  const target = useTarget();
  return useLive(["listeners", loadBalancer], [LISTENERS, RULES], () => (loadBalancer === undefined ? Promise.resolve([]) : readListeners(target, loadBalancer)));
}

/** The listener of a load balancer, given its name, at a port. */
export function useListener(name: string, port: string) {
  const target = useTarget();
  return useLive(["listener", name, port], [LISTENERS, RULES], async (signal) => {
    const balancer = await readLoadBalancer(target, name, signal);
    return { balancer, listener: await readListener(target, balancer.LoadBalancerArn ?? "", port) };
  });
}

export function useRules(listener: string) {
  const target = useTarget();
  return useLive(["rules", listener], [LISTENERS, RULES], () => readRules(target, listener));
}

/** The rule with an ARN; for the ARN of a listener, its default rule. */
export function useRule(arn: string) {
  const target = useTarget();
  return useLive(["rule", arn], [LISTENERS, RULES], (signal) => readRule(target, arn, signal));
}

export function useListenerCertificates(listener: string) {
  const target = useTarget();
  return useLive(["listener-certificates", listener], [LISTENERS], () => readListenerCertificates(target, listener));
}

export function useSslPolicies() {
  const target = useTarget();
  return useLive(["ssl-policies"], [], (signal) => readSslPolicies(target, signal));
}

export function useCertificates() {
  const target = useTarget();
  return useLive(["certificates"], [], () => readCertificates(target));
}

export function useTargetGroups() {
  const target = useTarget();
  return useLive(["target-groups"], [TARGET_GROUPS, LISTENERS, RULES], () => readTargetGroups(target));
}

export function useTargetGroup(name: string) {
  const target = useTarget();
  return useLive(["target-group", name], [TARGET_GROUPS, LISTENERS, RULES], (signal) => readTargetGroup(target, name, signal));
}

/** The health of a group's targets. */
export function useTargetHealth(group: string) {
  const target = useTarget();
  return useLive(["target-health", group], [TARGETS, TARGET_GROUPS, LISTENERS, RULES], (signal) => readTargetHealth(target, group, signal));
}

/** The tasks that may be targets of a group, by `targetKey`. */
export function useTargetTasks(group: TargetGroup) {
  const target = useTarget();
  const services = useBalancedServices().data ?? [];
  const servicesOfGroup = services.filter((service) => entryOf(service, group.TargetGroupArn));
  const key = servicesOfGroup.map(({ serviceArn }) => serviceArn).join(" ");
  return useLive(["target-tasks", group.TargetGroupArn, key], [{ kind: "task" }], (signal) => readTargetTasks(target, group, servicesOfGroup, signal));
}

/** All services that name a target group. */
export function useBalancedServices() {
  const target = useTarget();
  return useLive(["balanced-services"], [{ kind: "service" }, { kind: "cluster" }], (signal) => readBalancedServices(target, signal));
}

export function useAttributes(owner: AttributeOwner, arn: string) {
  const target = useTarget();
  const topics = { loadBalancer: [LOAD_BALANCERS], listener: [LISTENERS], targetGroup: [TARGET_GROUPS] }[owner];
  return useLive(["attributes", arn], topics, (signal) => readAttributes(target, owner, arn, signal));
}

export function useElbTags(arn: string) {
  const target = useTarget();
  const topics = [LOAD_BALANCERS, LISTENERS, RULES, TARGET_GROUPS];
  return useLive(["elb-tags", arn], topics, (signal) => readTags(target, arn, signal));
}
