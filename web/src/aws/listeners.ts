// Reads, creates, changes and deletes listeners, their rules and their certificates.

import {
  AddListenerCertificatesCommand,
  type Certificate,
  CreateListenerCommand,
  type CreateListenerCommandInput,
  CreateRuleCommand,
  type CreateRuleCommandInput,
  DeleteListenerCommand,
  DeleteRuleCommand,
  DescribeRulesCommand,
  DescribeSSLPoliciesCommand,
  type Listener,
  ModifyListenerCommand,
  type ModifyListenerCommandInput,
  ModifyRuleCommand,
  type ModifyRuleCommandInput,
  paginateDescribeListenerCertificates,
  paginateDescribeListeners,
  paginateDescribeRules,
  RemoveListenerCertificatesCommand,
  type Rule,
  SetRulePrioritiesCommand,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { NotFoundError } from "./apiError.ts";
import type { Target } from "./config.ts";
import { elb } from "./elb.ts";

/** The listeners of a load balancer, by port. */
export async function readListeners(target: Target, loadBalancer: string): Promise<Listener[]> {
  const listeners: Listener[] = [];
  for await (const page of paginateDescribeListeners({ client: elb(target) }, { LoadBalancerArn: loadBalancer })) listeners.push(...(page.Listeners ?? []));
  return listeners.sort((a, b) => (a.Port ?? 0) - (b.Port ?? 0));
}

/** The listener of a load balancer at a port. */
export async function readListener(target: Target, loadBalancer: string, port: string): Promise<Listener> {
  const listener = (await readListeners(target, loadBalancer)).find((one) => String(one.Port) === port);
  if (!listener) throw new NotFoundError("ListenerNotFound", "Listener not found.");
  return listener;
}

/** The rules of a listener in the order in which they are evaluated, the default rule last. */
export async function readRules(target: Target, listener: string): Promise<Rule[]> {
  const rules: Rule[] = [];
  for await (const page of paginateDescribeRules({ client: elb(target) }, { ListenerArn: listener })) rules.push(...(page.Rules ?? []));
  return rules.sort((a, b) => place(a) - place(b));
}

/** A rule, given its ARN; the default rule, given the ARN of a listener. */
export async function readRule(target: Target, arn: string, abortSignal: AbortSignal): Promise<Rule> {
  const input = arn.includes(":listener-rule/") ? { RuleArns: [arn] } : { ListenerArn: arn };
  const { Rules: rules = [] } = await elb(target).send(new DescribeRulesCommand(input), { abortSignal });
  const rule = "RuleArns" in input ? rules[0] : rules.find(({ IsDefault }) => IsDefault);
  if (!rule) throw new NotFoundError("RuleNotFound", "Rule not found.");
  return rule;
}

function place(rule: Rule): number {
  return rule.IsDefault ? Infinity : Number(rule.Priority);
}

/** The certificates of a listener, the default one first. */
export async function readListenerCertificates(target: Target, listener: string): Promise<Certificate[]> {
  const certificates: Certificate[] = [];
  for await (const page of paginateDescribeListenerCertificates({ client: elb(target) }, { ListenerArn: listener })) certificates.push(...(page.Certificates ?? []));
  return certificates;
}

/** The names of the security policies. */
export async function readSslPolicies(target: Target, abortSignal: AbortSignal): Promise<string[]> {
  const response = await elb(target).send(new DescribeSSLPoliciesCommand({ PageSize: 400 }), { abortSignal });
  return (response.SslPolicies ?? []).map(({ Name = "" }) => Name);
}

export async function createListener(target: Target, input: CreateListenerCommandInput): Promise<void> {
  await elb(target).send(new CreateListenerCommand(input));
}

export async function modifyListener(target: Target, input: ModifyListenerCommandInput): Promise<void> {
  await elb(target).send(new ModifyListenerCommand(input));
}

/** Deletes a listener with its rules. */
export async function deleteListener(target: Target, arn: string): Promise<void> {
  await elb(target).send(new DeleteListenerCommand({ ListenerArn: arn }));
}

export async function createRule(target: Target, input: CreateRuleCommandInput): Promise<void> {
  await elb(target).send(new CreateRuleCommand(input));
}

export async function modifyRule(target: Target, input: ModifyRuleCommandInput): Promise<void> {
  await elb(target).send(new ModifyRuleCommand(input));
}

export async function deleteRule(target: Target, arn: string): Promise<void> {
  await elb(target).send(new DeleteRuleCommand({ RuleArn: arn }));
}

/** Gives rules other priorities, all of them or none. */
export async function setRulePriorities(target: Target, priorities: readonly { readonly rule: string; readonly priority: number }[]): Promise<void> {
  const RulePriorities = priorities.map(({ rule, priority }) => ({ RuleArn: rule, Priority: priority }));
  await elb(target).send(new SetRulePrioritiesCommand({ RulePriorities }));
}

export async function addListenerCertificate(target: Target, listener: string, certificate: string): Promise<void> {
  await elb(target).send(new AddListenerCertificatesCommand({ ListenerArn: listener, Certificates: [{ CertificateArn: certificate }] }));
}

export async function removeListenerCertificate(target: Target, listener: string, certificate: string): Promise<void> {
  await elb(target).send(new RemoveListenerCertificatesCommand({ ListenerArn: listener, Certificates: [{ CertificateArn: certificate }] }));
}
