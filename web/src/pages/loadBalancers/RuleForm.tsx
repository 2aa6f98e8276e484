import type { LoadBalancer } from "@aws-sdk/client-elastic-load-balancing-v2";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { paths } from "../../app/paths.ts";
import { type ApiError, formatApiError } from "../../aws/apiError.ts";
import { useText } from "../../i18n/useText.ts";
import { ResourceForm } from "../../parts/ResourceForm.tsx";
import { ActionFields } from "./ActionFields.tsx";
import { ConditionFields } from "./ConditionFields.tsx";
import { fieldOf, type RuleDraft, type RuleField } from "./ruleDraft.ts";

export interface RuleFormProps {
  readonly balancer: LoadBalancer;
  readonly port: number;
  readonly initial: RuleDraft;
  readonly editing: boolean;
  readonly save: (draft: RuleDraft) => Promise<void>;
}

export function RuleForm({ balancer, port, initial, editing, save }: RuleFormProps) {
  const text = useText().rules;
  const words = text.ruleForm;
  const [draft, setDraft] = useState(initial);
  const change = (part: Partial<RuleDraft>) => { setDraft((current) => ({ ...current, ...part })); };
  const listener = paths.listener(balancer.LoadBalancerName ?? "", port);
  const shownAt = (error: ApiError): RuleField | null => {
    const field = fieldOf(error);
    const isOfCondition = draft.conditions.some((condition) => condition.field === field);
    return field === "priority" || field === "action" || field === "conditions" || isOfCondition ? field : null;
  };
  return (
    <ResourceForm
      title={editing ? words.editTitle(initial.priority) : words.createTitle}
      editing={editing}
      save={() => save(draft)}
      done={editing ? words.saved : words.created}
      next={listener}
      back={listener}
      isShown={(error) => shownAt(error) !== null}
    >
      {(error) => {
        const errorOf = (field: RuleField) => (error !== null && shownAt(error) === field ? formatApiError(error) : "");
        return (
          <SpaceBetween size="l">
            <Container header={<Header variant="h2">{text.table.priority}</Header>}>
              <FormField label={text.table.priority} description={words.priorityDetail} errorText={errorOf("priority")}>
                <Input type="number" inputMode="numeric" value={draft.priority} ariaRequired onChange={({ detail }) => { change({ priority: detail.value }); }} />
              </FormField>
            </Container>
            <ConditionFields conditions={draft.conditions} onChange={(conditions) => { change({ conditions }); }} errorOf={errorOf} />
            <ActionFields balancer={balancer} action={draft.action} onChange={(action) => { change({ action }); }} errorText={errorOf("action")} />
          </SpaceBetween>
        );
      }}
    </ResourceForm>
  );
}
