import type { TaskDefinition } from "@aws-sdk/client-ecs";
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { elbName } from "../../../aws/elb.ts";
import { useText } from "../../../i18n/useText.ts";
import { useTargetGroups } from "../../../live/elbQueries.ts";
import { Select } from "../../../parts/choices.tsx";
import type { BalancerDraft } from "../draft.ts";
import type { ServiceFieldsProps } from "./fieldsProps.ts";

const MAX_BALANCERS = 5;

/** The target groups in which the service registers its tasks. */
export function BalancingFields({ draft, change, definition, errors }: ServiceFieldsProps & { readonly definition: TaskDefinition | undefined }) {
  const text = useText().balancing;
  const [port] = portsOf(definition);
  const add = () => { change({ balancers: [...draft.balancers, { targetGroup: "", container: port?.container ?? "", port: port?.port ?? "" }] }); };
  const setBalancer = (position: number, balancer: BalancerDraft) => { change({ balancers: draft.balancers.map((one, index) => (index === position ? balancer : one)) }); };
  return (
    <Container header={<Header variant="h2" description={text.formDetail}>{text.title}</Header>}>
      <SpaceBetween size="m">
        {errors.balancers === undefined ? null : <Alert type="error">{errors.balancers}</Alert>}
        {draft.balancers.map((balancer, index) => (
          <SpaceBetween key={index} size="xs">
            <BalancerFields balancer={balancer} definition={definition} onChange={(changed) => { setBalancer(index, changed); }} />
            <Button
              formAction="none"
              ariaLabel={`${text.remove} ${elbName(balancer.targetGroup)}`}
              onClick={() => { change({ balancers: draft.balancers.filter((_, position) => position !== index) }); }}
            >
              {text.remove}
            </Button>
          </SpaceBetween>
        ))}
        <Button formAction="none" iconName="add-plus" disabled={draft.balancers.length >= MAX_BALANCERS} onClick={add}>{text.add}</Button>
      </SpaceBetween>
    </Container>
  );
}

interface BalancerFieldsProps {
  readonly balancer: BalancerDraft;
  readonly definition: TaskDefinition | undefined;
  readonly onChange: (balancer: BalancerDraft) => void;
}

function BalancerFields({ balancer, definition, onChange }: BalancerFieldsProps) {
  const text = useText();
  const words = text.balancing;
  const targetGroups = useTargetGroups();
  const groups = (targetGroups.data ?? []).map(({ TargetGroupArn = "", TargetGroupName = "", Protocol = "", Port = 0 }) => ({ value: TargetGroupArn, label: TargetGroupName, description: `${Protocol}:${Port}` }));
  const ports = portsOf(definition).map(({ container, port }) => ({ value: `${container}:${port}`, label: `${container}:${port}` }));
  const chosen = `${balancer.container}:${balancer.port}`;
  return (
    <ColumnLayout columns={2} minColumnWidth={240}>
      <FormField label={words.targetGroup}>
        <Select
          optionsFrom={targetGroups}
          selectedOption={balancer.targetGroup === "" ? null : (groups.find(({ value }) => value === balancer.targetGroup) ?? { value: balancer.targetGroup, label: elbName(balancer.targetGroup) })}
          options={groups}
          filteringType="auto"
          placeholder={text.rules.action.chooseGroup}
          empty={text.rules.action.noGroups}
          onChange={({ detail }) => { onChange({ ...balancer, targetGroup: detail.selectedOption.value ?? "" }); }}
        />
      </FormField>
      <FormField label={words.containerPort}>
        <Select
          optionsFrom={null}
          selectedOption={balancer.container === "" ? null : { value: chosen, label: chosen }}
          options={ports}
          empty={words.noPorts}
          onChange={({ detail }) => {
            const [container = "", port = ""] = (detail.selectedOption.value ?? "").split(":");
            onChange({ ...balancer, container, port });
          }}
        />
      </FormField>
    </ColumnLayout>
  );
}

/** The container ports of a task definition. */
function portsOf(definition: TaskDefinition | undefined): { container: string; port: string }[] {
  return (definition?.containerDefinitions ?? []).flatMap(({ name = "", portMappings = [] }) => portMappings.map(({ containerPort = 0 }) => ({ container: name, port: String(containerPort) })));
}
