// The fields of an Express service, in the order of AWS's console.

import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { useText } from "../../i18n/useText.ts";
import { useClusters } from "../../live/queries.ts";
import { Autosuggest, Select } from "../../parts/choices.tsx";
import type { ExpressDraft, ExpressField } from "./expressDraft.ts";

export interface ExpressFieldsProps {
  readonly draft: ExpressDraft;
  readonly change: (part: Partial<ExpressDraft>) => void;
  readonly editing: boolean;
  /** The API's error about a field; empty without one. */
  readonly errorOf: (field: ExpressField) => string;
}

type TextMember = { [K in keyof ExpressDraft]: ExpressDraft[K] extends string ? K : never }[keyof ExpressDraft];

const ARCHITECTURES = ["X86_64", "ARM64"] as const;
const METRICS = ["AVERAGE_CPU", "AVERAGE_MEMORY", "REQUEST_COUNT_PER_TARGET"] as const;

/** The image, the roles, and the names of the service and its cluster. */
export function ApplicationFields(props: ExpressFieldsProps) {
  const text = useText().express;
  const { editing, errorOf } = props;
  return (
    <Container header={<Header variant="h2">{text.form.application}</Header>}>
      <SpaceBetween size="l">
        <TextField {...props} member="image" label={text.image} constraint={text.form.imageDetail} error={errorOf("image")} autoFocus={!editing} />
        <ColumnLayout columns={2} minColumnWidth={260}>
          <TextField {...props} member="executionRole" label={text.executionRole} constraint={text.form.roleDetail} error={errorOf("executionRoleArn")} />
          <TextField {...props} member="infrastructureRole" label={text.infrastructureRole} constraint={text.form.infrastructureDetail} error={errorOf("infrastructureRoleArn")} disabled={editing} />
          <TextField {...props} member="name" label={text.name} constraint={text.form.nameDetail} error={errorOf("serviceName")} disabled={editing} />
          <ClusterField {...props} />
        </ColumnLayout>
      </SpaceBetween>
    </Container>
  );
}

/** Port, health check, command, size and scaling. */
export function SizeFields(props: ExpressFieldsProps) {
  const text = useText().express;
  const { draft, change, errorOf } = props;
  return (
    <SpaceBetween size="l">
      <ColumnLayout columns={2} minColumnWidth={260}>
        <TextField {...props} member="port" label={text.port} error={errorOf("containerPort")} numeric />
        <TextField {...props} member="healthCheckPath" label={text.healthCheckPath} constraint={text.form.healthCheckDetail} error={errorOf("healthCheckPath")} />
        <TextField {...props} member="cpu" label={text.cpu} constraint={text.form.cpuDetail} error={errorOf("cpu")} numeric />
        <TextField {...props} member="memory" label={text.memory} error={errorOf("memory")} numeric />
        <TextField {...props} member="minimum" label={text.minimum} numeric />
        <TextField {...props} member="maximum" label={text.maximum} numeric />
        <FormField label={text.metric}>
          <Select
            optionsFrom={null}
            selectedOption={{ value: draft.metric, label: text.metrics[draft.metric] }}
            options={METRICS.map((value) => ({ value, label: text.metrics[value] }))}
            onChange={({ detail }) => { change({ metric: METRICS.find((metric) => metric === detail.selectedOption.value) ?? "AVERAGE_CPU" }); }}
          />
        </FormField>
        <TextField {...props} member="targetValue" label={text.targetValue} numeric />
        <FormField label={text.architecture}>
          <Select
            optionsFrom={null}
            selectedOption={{ value: draft.architecture, label: draft.architecture }}
            options={ARCHITECTURES.map((value) => ({ value, label: value }))}
            onChange={({ detail }) => { change({ architecture: ARCHITECTURES.find((architecture) => architecture === detail.selectedOption.value) ?? "X86_64" }); }}
          />
        </FormField>
        <TextField {...props} member="taskRole" label={text.taskRole} error={errorOf("taskRoleArn")} />
        <TextField {...props} member="logGroup" label={text.logGroup} constraint={text.form.logGroupDetail} error={errorOf("logGroup")} />
        <TextField {...props} member="logPrefix" label={text.form.logPrefix} constraint={text.form.logPrefixDetail} error={errorOf("logStreamPrefix")} />
        <TextField {...props} member="credentials" label={text.form.credentials} constraint={text.form.credentialsDetail} error={errorOf("credentialsParameter")} />
      </ColumnLayout>
      <FormField label={text.command} constraintText={text.form.commandDetail} stretch>
        <Textarea value={draft.command} rows={3} spellcheck={false} onChange={({ detail }) => { change({ command: detail.value }); }} />
      </FormField>
    </SpaceBetween>
  );
}

interface TextFieldProps extends ExpressFieldsProps {
  readonly member: TextMember;
  readonly label: string;
  readonly constraint?: string;
  readonly error?: string;
  readonly numeric?: boolean;
  readonly disabled?: boolean;
  readonly autoFocus?: boolean;
}

function TextField({ draft, change, member, label, constraint = "", error = "", numeric = false, disabled = false, autoFocus = false }: TextFieldProps) {
  return (
    <FormField label={label} constraintText={constraint} errorText={error}>
      <Input
        value={draft[member]}
        disabled={disabled}
        autoFocus={autoFocus}
        spellcheck={false}
        type={numeric ? "number" : "text"}
        onChange={({ detail }) => { change({ [member]: detail.value }); }}
      />
    </FormField>
  );
}

function ClusterField({ draft, change, editing, errorOf }: ExpressFieldsProps) {
  const text = useText().express;
  const query = useClusters();
  return (
    <FormField label={text.cluster} constraintText={text.form.clusterDetail} errorText={errorOf("cluster")}>
      <Autosuggest
        optionsFrom={query}
        value={draft.cluster}
        disabled={editing}
        placeholder="default"
        options={(query.data ?? []).map(({ clusterName = "" }) => ({ value: clusterName }))}
        enteredTextLabel={(entered) => text.useCluster(entered)}
        onChange={({ detail }) => { change({ cluster: detail.value }); }}
      />
    </FormField>
  );
}
