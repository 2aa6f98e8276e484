// Conditions and actions of rules, as text and as content of tables.

import type { Action, Rule, RuleCondition, TargetGroupTuple } from "@aws-sdk/client-elastic-load-balancing-v2";
import Box from "@cloudscape-design/components/box";
import Link from "@cloudscape-design/components/link";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { elbName } from "../../aws/elb.ts";
import { useLanguage, useText } from "../../i18n/useText.ts";

export const CONDITION_FIELDS = ["host-header", "path-pattern", "http-header", "http-request-method", "query-string", "source-ip"] as const;
export type ConditionField = (typeof CONDITION_FIELDS)[number];

export function isConditionField(field: string | undefined): field is ConditionField {
  return CONDITION_FIELDS.some((one) => one === field);
}

/** The values of a condition, as they are entered in a form. */
export function valuesOf(condition: RuleCondition): { readonly values: readonly string[]; readonly regexValues: readonly string[] } {
  const patterns = condition.HostHeaderConfig ?? condition.PathPatternConfig ?? condition.HttpHeaderConfig;
  if (patterns) return { values: patterns.Values ?? [], regexValues: patterns.RegexValues ?? [] };
  if (condition.QueryStringConfig) return { values: (condition.QueryStringConfig.Values ?? []).map(({ Key, Value = "" }) => queryText(Key, Value)), regexValues: [] };
  return { values: (condition.HttpRequestMethodConfig ?? condition.SourceIpConfig ?? condition).Values ?? [], regexValues: [] };
}

/** `key=value`; a value for any key is alone, or after a leading `=` if it contains one. */
function queryText(key: string | undefined, value: string): string {
  if (key !== undefined) return `${key}=${value}`;
  return value.includes("=") ? `=${value}` : value;
}

export function Conditions({ rule }: { rule: Rule }) {
  const text = useText().rules;
  if (rule.IsDefault) return <Box color="text-body-secondary">{text.table.noConditions}</Box>;
  return (rule.Conditions ?? []).map((condition, index) => <div key={index}>{conditionText(condition, text)}</div>);
}

type RuleTexts = ReturnType<typeof useText>["rules"];

function conditionText(condition: RuleCondition, text: RuleTexts): string {
  const field = isConditionField(condition.Field) ? text.fields[condition.Field] : (condition.Field ?? "");
  const header = condition.HttpHeaderConfig?.HttpHeaderName;
  const { values, regexValues } = valuesOf(condition);
  const all = [...values, ...regexValues.map((pattern) => `/${pattern}/`)];
  return text.is(header === undefined ? field : `${field} ${header}`, all.join(text.or));
}

/** The target groups of a forward action with their weights. */
export function weightedGroups(action: Action): TargetGroupTuple[] {
  return action.ForwardConfig?.TargetGroups ?? (action.TargetGroupArn === undefined ? [] : [{ TargetGroupArn: action.TargetGroupArn, Weight: 1 }]);
}

/** The actions of a rule, or the default actions of a listener. */
export function Actions({ actions }: { actions: readonly Action[] | undefined }) {
  return (actions ?? []).map((action, index) => <ActionContent key={index} action={action} />);
}

function ActionContent({ action }: { action: Action }) {
  const text = useText().rules.action;
  if (action.RedirectConfig) return <div>{text.redirectTo(redirectUrl(action.RedirectConfig), (action.RedirectConfig.StatusCode ?? "").replace("HTTP_", ""))}</div>;
  if (action.FixedResponseConfig) return <div>{text.respond(action.FixedResponseConfig.StatusCode ?? "")}</div>;
  const stickiness = action.ForwardConfig?.TargetGroupStickinessConfig;
  return (
    <div>
      {text.types.forward}
      <WeightedGroups groups={weightedGroups(action)} />
      {stickiness?.Enabled ? <Box color="text-body-secondary" fontSize="body-s">{text.stickyFor(stickiness.DurationSeconds ?? 0)}</Box> : null}
    </div>
  );
}

function WeightedGroups({ groups }: { groups: readonly TargetGroupTuple[] }) {
  const text = useText().rules.action;
  const format = new Intl.NumberFormat(useLanguage(), { maximumFractionDigits: 1 });
  const total = groups.reduce((sum, { Weight = 0 }) => sum + Weight, 0);
  return groups.map(({ TargetGroupArn: arn, Weight: weight = 0 }) => (
    <div key={arn}>
      <Link href={href(paths.targetGroup(elbName(arn)))}>{elbName(arn)}</Link>
      {`: ${weight} (${text.percent(format.format(total === 0 ? 0 : (100 * weight) / total))})`}
    </div>
  ));
}

function redirectUrl({ Protocol = "#{protocol}", Host = "#{host}", Port = "#{port}", Path = "/#{path}", Query = "#{query}" }: NonNullable<Action["RedirectConfig"]>): string {
  return `${Protocol}://${Host}:${Port}${Path}${Query === "" ? "" : `?${Query}`}`;
}
