// The values in the form of a rule and in that of a listener's default action, and the API requests for them. Validation is
// left to the API; `fieldOf` finds the field that its error is about.

import type { Action, ActionTypeEnum, Rule, RuleCondition } from "@aws-sdk/client-elastic-load-balancing-v2";
import type { ApiError } from "../../aws/apiError.ts";
import { CONDITION_FIELDS, type ConditionField, isConditionField, valuesOf, weightedGroups } from "./ruleText.tsx";

export interface ConditionDraft {
  readonly field: ConditionField;
  /** The name of the header, for `http-header`. */
  readonly header: string;
  /** One value per line. */
  readonly values: string;
  readonly regexValues: string;
}

export interface GroupDraft {
  readonly arn: string;
  readonly weight: string;
}

export const ACTION_TYPES = ["forward", "redirect", "fixed-response"] as const;
export type ActionType = (typeof ACTION_TYPES)[number];

export interface ActionDraft {
  readonly type: ActionType;
  readonly groups: readonly GroupDraft[];
  readonly sticky: boolean;
  /** Seconds. */
  readonly duration: string;
  readonly protocol: string;
  readonly host: string;
  readonly port: string;
  readonly path: string;
  readonly query: string;
  readonly redirectStatus: "HTTP_301" | "HTTP_302";
  readonly status: string;
  readonly contentType: string;
  readonly body: string;
}

export interface RuleDraft {
  readonly priority: string;
  readonly conditions: readonly ConditionDraft[];
  readonly action: ActionDraft;
}

export const NEW_CONDITION: ConditionDraft = { field: "path-pattern", header: "", values: "", regexValues: "" };

export const NEW_ACTION: ActionDraft = {
  type: "forward",
  groups: [{ arn: "", weight: "1" }],
  sticky: false,
  duration: "3600",
  protocol: "#{protocol}",
  host: "#{host}",
  port: "#{port}",
  path: "/#{path}",
  query: "#{query}",
  redirectStatus: "HTTP_301",
  status: "404",
  contentType: "text/plain",
  body: "",
};

export function ruleDraftOf(rule: Rule): RuleDraft {
  return { priority: rule.Priority ?? "", conditions: (rule.Conditions ?? []).flatMap(conditionDraftOf), action: actionDraftOf(rule.Actions?.[0]) };
}

function conditionDraftOf(condition: RuleCondition): ConditionDraft[] {
  if (!isConditionField(condition.Field)) return [];
  const { values, regexValues } = valuesOf(condition);
  const header = condition.HttpHeaderConfig?.HttpHeaderName ?? "";
  return [{ field: condition.Field, header, values: values.join("\n"), regexValues: regexValues.join("\n") }];
}

export function actionDraftOf(action: Action | undefined): ActionDraft {
  if (action === undefined) return NEW_ACTION;
  const { RedirectConfig: redirect, FixedResponseConfig: fixed } = action;
  const stickiness = action.ForwardConfig?.TargetGroupStickinessConfig;
  const groups = weightedGroups(action).map(({ TargetGroupArn = "", Weight = 0 }) => ({ arn: TargetGroupArn, weight: String(Weight) }));
  return {
    ...NEW_ACTION,
    type: ACTION_TYPES.find((type) => type === action.Type) ?? "forward",
    groups: groups.length === 0 ? NEW_ACTION.groups : groups,
    sticky: stickiness?.Enabled ?? false,
    duration: String(stickiness?.DurationSeconds ?? NEW_ACTION.duration),
    protocol: redirect?.Protocol ?? NEW_ACTION.protocol,
    host: redirect?.Host ?? NEW_ACTION.host,
    port: redirect?.Port ?? NEW_ACTION.port,
    path: redirect?.Path ?? NEW_ACTION.path,
    query: redirect?.Query ?? NEW_ACTION.query,
    redirectStatus: redirect?.StatusCode ?? NEW_ACTION.redirectStatus,
    status: fixed?.StatusCode ?? NEW_ACTION.status,
    contentType: fixed ? (fixed.ContentType ?? "") : NEW_ACTION.contentType,
    body: fixed?.MessageBody ?? NEW_ACTION.body,
  };
}

export function conditionInput({ field, header, values: text, regexValues: regexText }: ConditionDraft): RuleCondition {
  const patterns = { Values: lines(text), ...(regexText.trim() === "" ? {} : { RegexValues: lines(regexText) }) };
  if (field === "host-header") return { Field: field, HostHeaderConfig: patterns };
  if (field === "path-pattern") return { Field: field, PathPatternConfig: patterns };
  if (field === "http-header") return { Field: field, HttpHeaderConfig: { HttpHeaderName: header, ...patterns } };
  if (field === "query-string") return { Field: field, QueryStringConfig: { Values: lines(text).map(queryValue) } };
  if (field === "http-request-method") return { Field: field, HttpRequestMethodConfig: { Values: lines(text) } };
  return { Field: field, SourceIpConfig: { Values: lines(text) } };
}

function lines(text: string): string[] {
  return text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
}

/** From `key=value`, or `value` or `=value` for any key. */
function queryValue(line: string): { Key?: string; Value: string } {
  const at = line.indexOf("=");
  if (at > 0) return { Key: line.slice(0, at), Value: line.slice(at + 1) };
  return { Value: at === 0 ? line.slice(1) : line };
}

export function actionInput(draft: ActionDraft): Action {
  const type: ActionTypeEnum = draft.type;
  if (draft.type === "redirect") {
    const { protocol, host, port, path, query, redirectStatus } = draft;
    return { Type: type, RedirectConfig: { Protocol: protocol, Host: host, Port: port, Path: path, Query: query, StatusCode: redirectStatus } };
  }
  if (draft.type === "fixed-response") {
    const { status, contentType, body } = draft;
    return {
      Type: type,
      FixedResponseConfig: { StatusCode: status, ...(contentType === "" ? {} : { ContentType: contentType }), ...(body === "" ? {} : { MessageBody: body }) },
    };
  }
  const groups = draft.groups.filter(({ arn }) => arn !== "").map(({ arn, weight }) => ({ TargetGroupArn: arn, Weight: Number(weight) }));
  const stickiness = draft.sticky ? { TargetGroupStickinessConfig: { Enabled: true, DurationSeconds: Number(draft.duration) } } : {};
  return { Type: type, ForwardConfig: { TargetGroups: groups, ...stickiness } };
}

/** The members of ModifyRule that have changed: what is left out stays, such as a rule's transforms. */
export function changedRule(before: RuleDraft, after: RuleDraft): { Conditions?: RuleCondition[]; Actions?: Action[] } {
  const isChanged = (part: "conditions" | "action") => JSON.stringify(before[part]) !== JSON.stringify(after[part]);
  return {
    ...(isChanged("conditions") ? { Conditions: after.conditions.map(conditionInput) } : {}),
    ...(isChanged("action") ? { Actions: [actionInput(after.action)] } : {}),
  };
}

export type RuleField = "priority" | "conditions" | "action" | "port" | "certificate" | ConditionField;

const FIELDS_OF_CODES: Readonly<Record<string, RuleField>> = {
  PriorityInUse: "priority",
  InvalidLoadBalancerAction: "action",
  IncompatibleProtocols: "action",
  TargetGroupAssociationLimit: "action",
  TargetGroupNotFound: "action",
  TooManyUniqueTargetGroupsPerLoadBalancer: "action",
  DuplicateListener: "port",
  CertificateNotFound: "certificate",
  SSLPolicyNotFound: "certificate",
};
const FIELDS_OF_WORDS: readonly (readonly [RegExp, RuleField])[] = [
  [/condition/i, "conditions"],
  [/priority/i, "priority"],
  [/certificate|ssl/i, "certificate"],
  [/action|redirect|fixed response|fixedResponse|target group|forward/i, "action"],
  [/port/i, "port"],
];

/** The field that an error of the API is about; null where that is unknown. */
export function fieldOf({ code, message }: ApiError): RuleField | null {
  const byCode = FIELDS_OF_CODES[code];
  if (byCode !== undefined) return byCode;
  const condition = CONDITION_FIELDS.find((field) => message.includes(`'${field}'`));
  return condition ?? FIELDS_OF_WORDS.find(([pattern]) => pattern.test(message))?.[1] ?? null;
}
