// The rules of a listener as a table: priorities are edited in place, and rules are added, changed, moved and deleted.

import type { Listener, LoadBalancer, Rule } from "@aws-sdk/client-elastic-load-balancing-v2";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { useState } from "react";
import { useNavigate } from "react-router";
import { useFlash } from "../../app/flash.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { formatApiError, toApiError } from "../../aws/apiError.ts";
import { nameOf } from "../../aws/arn.ts";
import { deleteRule, setRulePriorities } from "../../aws/listeners.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useRules } from "../../live/elbQueries.ts";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";
import { ErrorAlert, QueryContent } from "../../parts/QueryContent.tsx";
import { SelectionButton, useSelection } from "../../parts/TableSelection.tsx";
import { isPriority, moveRule, type RulePriority } from "./priorities.ts";
import { Actions, Conditions } from "./ruleText.tsx";

const idOf = (rule: Rule) => rule.RuleArn ?? "";

export interface RulesTableProps {
  readonly balancer: LoadBalancer;
  readonly listener: Listener;
}

export function RulesTable(props: RulesTableProps) {
  const { ListenerArn: arn = "" } = props.listener;
  const query = useRules(arn);
  return <QueryContent query={query}>{(rules) => <EditableTable {...props} rules={rules} query={query} />}</QueryContent>;
}

/** A priority that the API rejected, with its error. */
interface Rejection {
  readonly rule: string;
  readonly priority: string;
  readonly error: unknown;
}

function EditableTable({ balancer, listener, rules, query }: RulesTableProps & { readonly rules: readonly Rule[]; readonly query: ReturnType<typeof useRules> }) {
  const text = useText();
  const words = text.rules.table;
  const target = useTarget();
  const flash = useFlash();
  const navigate = useNavigate();
  const selection = useSelection(query, idOf);
  const [deleting, setDeleting] = useState<Rule | null>(null);
  const [moveError, setMoveError] = useState<unknown>(null);
  const [rejection, setRejection] = useState<Rejection | null>(null);
  const { selected } = selection;
  const { LoadBalancerName: name = "", Type: type } = balancer;
  const { Port: port = 0 } = listener;
  const change = async (priorities: readonly RulePriority[]) => {
    await setRulePriorities(target, priorities);
    setMoveError(null);
    setRejection(null);
    flash.done(words.reordered);
    query.reload();
  };
  const move = (step: -1 | 1) => (rule: Rule) => { change(moveRule(rules, idOf(rule), step)).catch(setMoveError); };
  const canMove = (step: -1 | 1) => (rule: Rule) => moveRule(rules, idOf(rule), step).length > 0;
  const edit = (rule: Rule) => { void navigate(rule.IsDefault ? paths.editListener(name, port) : paths.editRule(name, port, nameOf(rule.RuleArn))); };
  const submitPriority = async (rule: Rule, priority: string) => {
    try {
      await change([{ rule: idOf(rule), priority: Number(priority) }]);
    } catch (error) {
      setRejection({ rule: idOf(rule), priority, error });
      throw error; // keeps the cell in its editing mode
    }
  };
  return (
    <>
      <SpaceBetween size="l">
        {moveError === null ? null : <ErrorAlert error={moveError} header={text.parts.confirm.refused} />}
        <Table
          wrapLines
          items={rules}
          trackBy={idOf}
          columnDefinitions={useColumns(rejection)}
          submitEdit={(rule, _column, priority) => submitPriority(rule, priority as string)}
          selectionType="single"
          selectedItems={selected === undefined ? [] : [selected]}
          onSelectionChange={({ detail }) => { selection.select(detail.selectedItems[0]); }}
          ariaLabels={{
            selectionGroupLabel: words.title,
            itemSelectionLabel: (_, rule) => words.select(rule.Priority ?? ""),
            activateEditLabel: (_, rule) => words.editPriority(rule.Priority ?? ""),
            cancelEditLabel: () => words.cancel,
            submitEditLabel: () => words.save,
          }}
          header={
            <Header
              variant="h2"
              counter={`(${rules.length})`}
              description={words.description}
              actions={
                <SpaceBetween size="xs" direction="horizontal">
                  <SelectionButton item={selected} isEnabled={canMove(-1)} onClick={move(-1)}>{words.up}</SelectionButton>
                  <SelectionButton item={selected} isEnabled={canMove(1)} onClick={move(1)}>{words.down}</SelectionButton>
                  <SelectionButton item={selected} onClick={edit}>{words.edit}</SelectionButton>
                  <SelectionButton item={selected} isEnabled={(rule) => !rule.IsDefault} onClick={setDeleting}>{words.delete}</SelectionButton>
                  <Button variant="primary" href={href(paths.createRule(name, port))} disabled={type === "network"} disabledReason={words.networkOnly}>{words.add}</Button>
                </SpaceBetween>
              }
            >
              {words.title}
            </Header>
          }
        />
      </SpaceBetween>
      {deleting ? <DeleteRule rule={deleting} onClose={() => { setDeleting(null); }} onDone={query.reload} /> : null}
    </>
  );
}

function useColumns(rejection: Rejection | null): TableProps.ColumnDefinition<Rule>[] {
  const text = useText();
  const words = text.rules.table;
  return [
    {
      id: "priority",
      header: words.priority,
      cell: (rule) => (rule.IsDefault ? words.default : rule.Priority),
      isRowHeader: true,
      minWidth: 130,
      editConfig: {
        ariaLabel: words.priority,
        editIconAriaLabel: words.edit,
        errorIconAriaLabel: text.app.notifications.error,
        disabledReason: (rule) => (rule.IsDefault ? text.rules.table.description : undefined),
        validation: (rule, value: string | undefined) => {
          if (value === undefined) return undefined;
          if (!isPriority(value)) return words.badPriority;
          return rejection?.rule === idOf(rule) && rejection.priority === value ? formatApiError(toApiError(rejection.error)) : undefined;
        },
        editingCell: (rule, { currentValue, setValue }) => (
          <Input
            autoFocus
            inputMode="numeric"
            ariaLabel={words.priority}
            value={(currentValue as string | undefined) ?? rule.Priority ?? ""}
            onChange={({ detail }) => { setValue(detail.value); }}
          />
        ),
      },
    },
    { id: "conditions", header: words.conditions, cell: (rule) => <Conditions rule={rule} />, minWidth: 220 },
    { id: "actions", header: words.actions, cell: (rule) => <Actions actions={rule.Actions} />, minWidth: 220 },
    { id: "transforms", header: words.transforms, cell: (rule) => <Transforms rule={rule} /> },
  ];
}

function Transforms({ rule }: { rule: Rule }) {
  const none = useText().parts.none;
  const rewrites = (rule.Transforms ?? []).flatMap(({ Type, HostHeaderRewriteConfig, UrlRewriteConfig }) =>
    [...(HostHeaderRewriteConfig?.Rewrites ?? []), ...(UrlRewriteConfig?.Rewrites ?? [])].map(({ Regex = "", Replace = "" }) => `${Type ?? ""}: /${Regex}/ → ${Replace}`),
  );
  return rewrites.length === 0 ? none : rewrites.map((rewrite) => <div key={rewrite}>{rewrite}</div>);
}

function DeleteRule({ rule, onClose, onDone }: { rule: Rule; onClose: () => void; onDone: () => void }) {
  const text = useText().rules.deleteRule;
  const target = useTarget();
  return (
    <ConfirmDialog
      title={text.title(rule.Priority ?? "")}
      effect={text.effect}
      action={text.action}
      done={text.done}
      perform={() => deleteRule(target, idOf(rule))}
      onClose={onClose}
      onDone={onDone}
    />
  );
}
