import { useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { createRule } from "../../aws/listeners.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useListener, useRules } from "../../live/elbQueries.ts";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { useListenerCrumbs } from "./ListenerPage.tsx";
import { nextPriority } from "./priorities.ts";
import { actionInput, conditionInput, NEW_ACTION, NEW_CONDITION, type RuleDraft } from "./ruleDraft.ts";
import { RuleForm } from "./RuleForm.tsx";

export default function CreateRulePage() {
  const text = useText().rules.ruleForm;
  const { balancer: name = "", port = "" } = useParams();
  return (
    <PageLayout title={text.createTitle} breadcrumbs={useListenerCrumbs(name, text.createTitle)} contentType="form">
      <QueryContent query={useListener(name, port)}>
        {({ balancer, listener: { ListenerArn: listener = "", Port = 0 } }) => <NewRule balancer={balancer} listener={listener} port={Port} />}
      </QueryContent>
    </PageLayout>
  );
}

type NewRuleProps = Pick<Parameters<typeof RuleForm>[0], "balancer" | "port"> & { readonly listener: string };

function NewRule({ balancer, listener, port }: NewRuleProps) {
  const target = useTarget();
  const rules = useRules(listener);
  const create = (draft: RuleDraft) =>
    createRule(target, { ListenerArn: listener, Priority: Number(draft.priority), Conditions: draft.conditions.map(conditionInput), Actions: [actionInput(draft.action)] });
  return (
    <QueryContent query={rules}>
      {(existing) => (
        <RuleForm
          balancer={balancer}
          port={port}
          initial={{ priority: String(nextPriority(existing)), conditions: [NEW_CONDITION], action: NEW_ACTION }}
          editing={false}
          save={create}
        />
      )}
    </QueryContent>
  );
}
