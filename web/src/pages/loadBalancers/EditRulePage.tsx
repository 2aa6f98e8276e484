import type { LoadBalancer, Rule } from "@aws-sdk/client-elastic-load-balancing-v2";
import { useState } from "react";
import { useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { nameOf } from "../../aws/arn.ts";
import { modifyRule, setRulePriorities } from "../../aws/listeners.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useListener, useRules } from "../../live/elbQueries.ts";
import { ErrorAlert, QueryContent } from "../../parts/QueryContent.tsx";
import { NotFoundError } from "../../aws/apiError.ts";
import { useListenerCrumbs } from "./ListenerPage.tsx";
import { changedRule, type RuleDraft, ruleDraftOf } from "./ruleDraft.ts";
import { RuleForm } from "./RuleForm.tsx";

export default function EditRulePage() {
  const text = useText().rules.table;
  const { balancer: name = "", port = "", rule: id = "" } = useParams();
  return (
    <PageLayout title={text.edit} breadcrumbs={useListenerCrumbs(name, text.edit)} contentType="form">
      <QueryContent query={useListener(name, port)}>
        {({ balancer, listener: { ListenerArn: listener = "", Port = 0 } }) => <ExistingRule balancer={balancer} listener={listener} port={Port} id={id} />}
      </QueryContent>
    </PageLayout>
  );
}

function ExistingRule({ balancer, listener, port, id }: { balancer: LoadBalancer; listener: string; port: number; id: string }) {
  return (
    <QueryContent query={useRules(listener)}>
      {(rules) => {
        const rule = rules.find(({ RuleArn }) => nameOf(RuleArn) === id);
        return rule ? <EditForm balancer={balancer} port={port} rule={rule} /> : <ErrorAlert error={new NotFoundError("RuleNotFound", "Rule not found.")} />;
      }}
    </QueryContent>
  );
}

/** The form sends only what differs from the rule when it opened. */
function EditForm({ balancer, port, rule }: { balancer: LoadBalancer; port: number; rule: Rule }) {
  const target = useTarget();
  const [original] = useState(() => ruleDraftOf(rule));
  const { RuleArn: arn = "" } = rule;
  const save = async (draft: RuleDraft) => {
    if (draft.priority !== original.priority) await setRulePriorities(target, [{ rule: arn, priority: Number(draft.priority) }]);
    const changed = changedRule(original, draft);
    if (Object.keys(changed).length > 0) await modifyRule(target, { RuleArn: arn, ...changed });
  };
  return <RuleForm balancer={balancer} port={port} initial={original} editing save={save} />;
}
