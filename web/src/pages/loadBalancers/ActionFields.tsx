import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Checkbox from "@cloudscape-design/components/checkbox";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Grid from "@cloudscape-design/components/grid";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import Tiles from "@cloudscape-design/components/tiles";
import type { LoadBalancer } from "@aws-sdk/client-elastic-load-balancing-v2";
import { elbName } from "../../aws/elb.ts";
import { useText } from "../../i18n/useText.ts";
import { useTargetGroups } from "../../live/elbQueries.ts";
import { Select } from "../../parts/choices.tsx";
import { isHttp } from "../targetGroups/healthCheckDraft.ts";
import { ACTION_TYPES, type ActionDraft, type GroupDraft } from "./ruleDraft.ts";

export interface ActionFieldsProps {
  readonly balancer: LoadBalancer;
  readonly action: ActionDraft;
  readonly onChange: (action: ActionDraft) => void;
  /** The API's error about the action; empty without one. */
  readonly errorText: string;
}

const CONTENT_TYPES = ["text/plain", "text/css", "text/html", "application/javascript", "application/json"];

/** The action of a rule, or the default action of a listener. */
export function ActionFields({ balancer, action, onChange, errorText }: ActionFieldsProps) {
  const text = useText().rules.action;
  const change = (part: Partial<ActionDraft>) => { onChange({ ...action, ...part }); };
  const types = balancer.Type === "network" ? (["forward"] as const) : ACTION_TYPES;
  return (
    <Container header={<Header variant="h2">{text.title}</Header>}>
      <SpaceBetween size="l">
        {errorText === "" ? null : <Box color="text-status-error">{errorText}</Box>}
        <FormField label={text.type} stretch>
          <Tiles
            columns={3}
            value={action.type}
            items={types.map((value) => ({ value, label: text.types[value] }))}
            onChange={({ detail }) => { change({ type: ACTION_TYPES.find((type) => type === detail.value) ?? "forward" }); }}
          />
        </FormField>
        {action.type === "forward" ? <ForwardFields balancer={balancer} action={action} change={change} /> : null}
        {action.type === "redirect" ? <RedirectFields action={action} change={change} /> : null}
        {action.type === "fixed-response" ? <ResponseFields action={action} change={change} /> : null}
      </SpaceBetween>
    </Container>
  );
}

interface FieldsProps {
  readonly action: ActionDraft;
  readonly change: (part: Partial<ActionDraft>) => void;
}

function ForwardFields({ balancer, action, change }: FieldsProps & { readonly balancer: LoadBalancer }) {
  const text = useText().rules.action;
  const setGroup = (position: number, part: Partial<GroupDraft>) => {
    change({ groups: action.groups.map((group, index) => (index === position ? { ...group, ...part } : group)) });
  };
  return (
    <SpaceBetween size="m">
      {action.groups.map((group, index) => (
        <Grid key={index} gridDefinition={[{ colspan: { default: 12, s: 7 } }, { colspan: { default: 6, s: 3 } }, { colspan: { default: 6, s: 2 } }]}>
          <TargetGroupField balancer={balancer} arn={group.arn} onChange={(arn) => { setGroup(index, { arn }); }} />
          <FormField label={text.weight}>
            <Input
              type="number"
              inputMode="numeric"
              ariaLabel={text.weightOf(elbName(group.arn))}
              value={group.weight}
              onChange={({ detail }) => { setGroup(index, { weight: detail.value }); }}
            />
          </FormField>
          <Box padding={{ top: "xl" }}>
            <Button
              formAction="none"
              disabled={action.groups.length === 1}
              ariaLabel={`${text.removeGroup} ${elbName(group.arn)}`}
              onClick={() => { change({ groups: action.groups.filter((_, position) => position !== index) }); }}
            >
              {text.removeGroup}
            </Button>
          </Box>
        </Grid>
      ))}
      <Button formAction="none" iconName="add-plus" disabled={action.groups.length >= 5} onClick={() => { change({ groups: [...action.groups, { arn: "", weight: "1" }] }); }}>
        {text.addGroup}
      </Button>
      {balancer.Type === "network" ? null : (
        <Checkbox checked={action.sticky} description={text.stickyDetail} onChange={({ detail }) => { change({ sticky: detail.checked }); }}>{text.sticky}</Checkbox>
      )}
      {action.sticky ? (
        <FormField label={text.duration}>
          <Input type="number" inputMode="numeric" value={action.duration} onChange={({ detail }) => { change({ duration: detail.value }); }} />
        </FormField>
      ) : null}
    </SpaceBetween>
  );
}

/** A choice of a target group in the load balancer's VPC that no other load balancer uses. */
function TargetGroupField({ balancer, arn, onChange }: { balancer: LoadBalancer; arn: string; onChange: (arn: string) => void }) {
  const text = useText().rules.action;
  const query = useTargetGroups();
  const balancerArn = balancer.LoadBalancerArn ?? "";
  const usable = (query.data ?? []).filter(
    ({ VpcId, Protocol, LoadBalancerArns = [] }) =>
      VpcId === balancer.VpcId && isHttp(Protocol) === (balancer.Type !== "network") && (LoadBalancerArns.length === 0 || LoadBalancerArns.includes(balancerArn)),
  );
  const options = usable.map(({ TargetGroupArn = "", TargetGroupName = "", Protocol = "", Port = 0 }) => ({ value: TargetGroupArn, label: TargetGroupName, description: `${Protocol}:${Port}` }));
  return (
    <FormField label={text.targetGroup}>
      <Select
        optionsFrom={query}
        selectedOption={arn === "" ? null : (options.find(({ value }) => value === arn) ?? { value: arn, label: elbName(arn) })}
        options={options}
        filteringType="auto"
        placeholder={text.chooseGroup}
        empty={text.noGroups}
        onChange={({ detail }) => { onChange(detail.selectedOption.value ?? ""); }}
      />
    </FormField>
  );
}

function RedirectFields({ action, change }: FieldsProps) {
  const text = useText().rules;
  const words = text.action;
  const input = (label: string, name: "protocol" | "host" | "port" | "path" | "query") => (
    <FormField label={label}>
      <Input value={action[name]} onChange={({ detail }) => { change({ [name]: detail.value }); }} />
    </FormField>
  );
  const statuses = (["HTTP_301", "HTTP_302"] as const).map((value) => ({ value, label: value.replace("HTTP_", "") }));
  return (
    <SpaceBetween size="m">
      <ColumnLayout columns={3} minColumnWidth={180}>
        {input(text.protocol, "protocol")}
        {input(words.host, "host")}
        {input(text.port, "port")}
        {input(words.path, "path")}
        {input(words.query, "query")}
        <FormField label={words.statusCode}>
          <Select
            optionsFrom={null}
            selectedOption={statuses.find(({ value }) => value === action.redirectStatus) ?? null}
            options={statuses}
            onChange={({ detail }) => { change({ redirectStatus: detail.selectedOption.value === "HTTP_302" ? "HTTP_302" : "HTTP_301" }); }}
          />
        </FormField>
      </ColumnLayout>
      <Box color="text-body-secondary">{words.placeholders}</Box>
    </SpaceBetween>
  );
}

function ResponseFields({ action, change }: FieldsProps) {
  const text = useText().rules.action;
  const types = [{ value: "", label: text.noContentType }, ...CONTENT_TYPES.map((value) => ({ value, label: value }))];
  return (
    <SpaceBetween size="m">
      <ColumnLayout columns={2} minColumnWidth={180}>
        <FormField label={text.statusCode}>
          <Input inputMode="numeric" value={action.status} onChange={({ detail }) => { change({ status: detail.value }); }} />
        </FormField>
        <FormField label={text.contentType}>
          <Select
            optionsFrom={null}
            selectedOption={types.find(({ value }) => value === action.contentType) ?? { value: action.contentType, label: action.contentType }}
            options={types}
            onChange={({ detail }) => { change({ contentType: detail.selectedOption.value ?? "" }); }}
          />
        </FormField>
      </ColumnLayout>
      <FormField label={text.body} stretch>
        <Textarea rows={3} value={action.body} onChange={({ detail }) => { change({ body: detail.value }); }} />
      </FormField>
    </SpaceBetween>
  );
}
