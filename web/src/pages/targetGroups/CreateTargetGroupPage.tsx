import type { ProtocolEnum, TargetTypeEnum } from "@aws-sdk/client-elastic-load-balancing-v2";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tiles from "@cloudscape-design/components/tiles";
import { useState } from "react";
import { PageLayout } from "../../app/PageLayout.tsx";
import { paths } from "../../app/paths.ts";
import { formatApiError } from "../../aws/apiError.ts";
import type { Networks } from "../../aws/ec2.ts";
import { elbTags } from "../../aws/elb.ts";
import type { Tags } from "../../aws/tags.ts";
import { createTargetGroup } from "../../aws/targetGroups.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useNetworks } from "../../live/queries.ts";
import { Select } from "../../parts/choices.tsx";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { ResourceForm } from "../../parts/ResourceForm.tsx";
import { TagsField } from "../../parts/Tags.tsx";
import { HealthCheckFields, healthCheckFieldOf } from "./HealthCheckFields.tsx";
import { type HealthCheckDraft, healthCheckInput, isHttp } from "./healthCheckDraft.ts";

const TYPES = ["ip", "instance", "alb"] as const satisfies readonly TargetTypeEnum[];
const VERSIONS = ["HTTP1", "HTTP2", "GRPC"];
const NO_CHECK: HealthCheckDraft = { protocol: "HTTP", path: "", port: "", healthy: "", unhealthy: "", timeout: "", interval: "", codes: "" };

/** The settings that the API chooses for empty fields. */
const HTTP_DEFAULTS = { port: "traffic-port", path: "/", codes: "200", healthy: "5", unhealthy: "2", interval: "30", timeout: "5" };

interface Draft {
  readonly name: string;
  readonly type: (typeof TYPES)[number];
  readonly protocol: ProtocolEnum;
  readonly version: string;
  readonly port: string;
  readonly vpc: string;
  readonly check: HealthCheckDraft;
  readonly tags: Tags;
}

export default function CreateTargetGroupPage() {
  const text = useText().targetGroups;
  const crumbs = [{ text: text.title, path: paths.targetGroups }, { text: text.create }];
  return (
    <PageLayout title={text.create} breadcrumbs={crumbs} contentType="form">
      <QueryContent query={useNetworks()}>{(networks) => <TargetGroupForm networks={networks} />}</QueryContent>
    </PageLayout>
  );
}

function protocolsOf(type: Draft["type"]): readonly ProtocolEnum[] {
  return type === "alb" ? ["TCP"] : ["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP"];
}

function TargetGroupForm({ networks: { subnets } }: { networks: Networks }) {
  const text = useText().targetGroups;
  const target = useTarget();
  const [draft, setDraft] = useState<Draft>(() => {
    const vpc = (subnets.find(({ DefaultForAz }) => DefaultForAz) ?? subnets[0])?.VpcId ?? "";
    return { name: "", type: "ip", protocol: "HTTP", version: "HTTP1", port: "80", vpc, check: NO_CHECK, tags: [] };
  });
  const change = (part: Partial<Draft>) => { setDraft((current) => ({ ...current, ...part })); };
  const save = () => {
    const defaults = { protocol: isHttp(draft.protocol) ? ("HTTP" as const) : ("TCP" as const) };
    return createTargetGroup(target, {
      Name: draft.name,
      TargetType: draft.type,
      Protocol: draft.protocol,
      ...(isHttp(draft.protocol) ? { ProtocolVersion: draft.version } : {}),
      Port: Number(draft.port),
      VpcId: draft.vpc,
      ...healthCheckInput(draft.check, defaults, draft.version === "GRPC"),
      Tags: elbTags(draft.tags),
    });
  };
  return (
    <ResourceForm
      title={text.create}
      editing={false}
      save={save}
      done={text.form.created(draft.name)}
      next={paths.targetGroup(draft.name)}
      back={paths.targetGroups}
      isShown={({ message }) => healthCheckFieldOf(message) !== null}
    >
      {(error) => (
        <SpaceBetween size="l">
          <BasicFields draft={draft} change={change} vpcs={[...new Set(subnets.map(({ VpcId = "" }) => VpcId))]} />
          <HealthCheckFields
            draft={draft.check}
            change={(part) => { change({ check: { ...draft.check, ...part } }); }}
            errorOf={(field) => (error !== null && healthCheckFieldOf(error.message) === field ? formatApiError(error) : "")}
            placeholder={isHttp(draft.protocol) && draft.version !== "GRPC" ? HTTP_DEFAULTS : {}}
          />
          <TagsField tags={draft.tags} onChange={(tags) => { change({ tags }); }} />
        </SpaceBetween>
      )}
    </ResourceForm>
  );
}

function BasicFields({ draft, change, vpcs }: { draft: Draft; change: (part: Partial<Draft>) => void; vpcs: readonly string[] }) {
  const text = useText();
  const words = text.targetGroups;
  const select = (value: string, options: readonly string[], onChange: (value: string) => void) => (
    <Select
      optionsFrom={null}
      selectedOption={value === "" ? null : { value, label: value }}
      options={options.map((option) => ({ value: option, label: option }))}
      onChange={({ detail }) => { onChange(detail.selectedOption.value ?? ""); }}
    />
  );
  const setProtocol = (protocol: ProtocolEnum) => { change({ protocol, check: { ...draft.check, protocol: isHttp(protocol) ? "HTTP" : "TCP" } }); };
  return (
    <Container header={<Header variant="h2">{words.form.basic}</Header>}>
      <SpaceBetween size="l">
        <FormField label={words.targetType} stretch>
          <Tiles
            columns={3}
            value={draft.type}
            items={TYPES.map((value) => ({ value, label: words.types[value], description: words.form.typeDetail[value] }))}
            onChange={({ detail }) => {
              const type = TYPES.find((one) => one === detail.value) ?? "ip";
              change({ type });
              if (!protocolsOf(type).includes(draft.protocol)) setProtocol(protocolsOf(type)[0] ?? "TCP");
            }}
          />
        </FormField>
        <ColumnLayout columns={2} minColumnWidth={220}>
          <FormField label={words.name} constraintText={text.loadBalancers.form.nameConstraint}>
            <Input value={draft.name} ariaRequired onChange={({ detail }) => { change({ name: detail.value }); }} />
          </FormField>
          <FormField label={words.vpc}>{select(draft.vpc, vpcs, (vpc) => { change({ vpc }); })}</FormField>
          <FormField label={words.protocol}>
            {select(draft.protocol, protocolsOf(draft.type), (value) => { setProtocol(value as ProtocolEnum); })}
          </FormField>
          <FormField label={words.port} constraintText={words.form.portDetail}>
            <Input type="number" inputMode="numeric" value={draft.port} onChange={({ detail }) => { change({ port: detail.value }); }} />
          </FormField>
          {isHttp(draft.protocol) ? <FormField label={words.version}>{select(draft.version, VERSIONS, (version) => { change({ version }); })}</FormField> : null}
        </ColumnLayout>
      </SpaceBetween>
    </Container>
  );
}
