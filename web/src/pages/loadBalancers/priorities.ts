// The priorities of rules, and their changes when a rule moves.

import type { Rule } from "@aws-sdk/client-elastic-load-balancing-v2";

export interface RulePriority {
  readonly rule: string;
  readonly priority: number;
}

const MAX_PRIORITY = 50_000;

export function isPriority(text: string): boolean {
  return /^[1-9]\d{0,4}$/.test(text) && Number(text) <= MAX_PRIORITY;
}

/** The new priorities of a rule and its neighbor above (-1) or below (1) after they change places; empty without that neighbor. */
export function moveRule(rules: readonly Rule[], arn: string, step: -1 | 1): RulePriority[] {
  const changeable = rules.filter(({ IsDefault }) => !IsDefault);
  const index = changeable.findIndex(({ RuleArn }) => RuleArn === arn);
  const [rule, neighbor] = [changeable[index], changeable[index + step]];
  if (index < 0 || rule === undefined || neighbor === undefined) return [];
  return [
    { rule: rule.RuleArn ?? "", priority: Number(neighbor.Priority) },
    { rule: neighbor.RuleArn ?? "", priority: Number(rule.Priority) },
  ];
}

/** A priority for a new rule, after all others. */
export function nextPriority(rules: readonly Rule[]): number {
  const highest = Math.max(0, ...rules.filter(({ IsDefault }) => !IsDefault).map(({ Priority }) => Number(Priority)));
  return Math.min(highest + 1, MAX_PRIORITY);
}
