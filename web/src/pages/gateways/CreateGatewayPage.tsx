import type { CreateGatewayCommandInput } from "@aws-sdk/client-ecs";
import Checkbox from "@cloudscape-design/components/checkbox";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { PageLayout } from "../../app/PageLayout.tsx";
import { paths } from "../../app/paths.ts";
import { roleArn } from "../../aws/arn.ts";
import { createGateway } from "../../aws/gateways.ts";
import type { Tags } from "../../aws/tags.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { Select } from "../../parts/choices.tsx";
import { ResourceForm } from "../../parts/ResourceForm.tsx";
import { TagsField } from "../../parts/Tags.tsx";

const SCHEMES = ["internet-facing", "internal"] as const;
const DEFAULT_BALANCERS = "10"; // as in the API

interface Draft {
  readonly name: string;
  readonly role: string;
  readonly scheme: (typeof SCHEMES)[number];
  readonly balancers: string;
  readonly header: string;
  readonly value: string;
  readonly isProtected: boolean;
  readonly tags: Tags;
}

export default function CreateGatewayPage() {
  const text = useText().gateways;
  const target = useTarget();
  const [draft, setDraft] = useState<Draft>(() => ({
    name: "",
    role: roleArn(target.scope, "ecsInfrastructureRole"),
    scheme: "internet-facing",
    balancers: DEFAULT_BALANCERS,
    header: "",
    value: "",
    isProtected: true,
    tags: [],
  }));
  const change = (part: Partial<Draft>) => { setDraft((current) => ({ ...current, ...part })); };
  return (
    <PageLayout title={text.create} breadcrumbs={[{ text: text.title, path: paths.gateways }, { text: text.create }]} contentType="form">
      <ResourceForm
        title={text.create}
        editing={false}
        save={() => createGateway(target, inputOf(draft))}
        done={text.form.created(draft.name)}
        next={paths.gateway(draft.name)}
        back={paths.gateways}
      >
        {() => (
          <SpaceBetween size="l">
            <GatewayFields draft={draft} change={change} />
            <TagsField tags={draft.tags} onChange={(tags) => { change({ tags }); }} />
          </SpaceBetween>
        )}
      </ResourceForm>
    </PageLayout>
  );
}

function inputOf({ name, role, scheme, balancers, header, value, isProtected, tags }: Draft): CreateGatewayCommandInput {
  return {
    name,
    infrastructureRoleArn: role,
    deletionProtection: isProtected,
    configuration: {
      hostSharedAlb: {
        scheme,
        ...(balancers ? { maxAlbCount: Number(balancers) } : {}),
        ...(header ? { testTrafficRules: { header: { name: header, values: [value] } } } : {}),
      },
    },
    ...(tags.length > 0 ? { tags: [...tags] } : {}),
  };
}

function GatewayFields({ draft, change }: { draft: Draft; change: (part: Partial<Draft>) => void }) {
  const text = useText().gateways;
  const schemes = SCHEMES.map((value) => ({ value, label: text.form.schemes[value] }));
  const input = (label: string, member: "name" | "role" | "balancers" | "header" | "value", constraint = "") => (
    <FormField label={label} constraintText={constraint}>
      <Input value={draft[member]} spellcheck={false} type={member === "balancers" ? "number" : "text"} onChange={({ detail }) => { change({ [member]: detail.value }); }} />
    </FormField>
  );
  return (
    <Container header={<Header variant="h2">{text.form.configuration}</Header>}>
      <SpaceBetween size="l">
        <ColumnLayout columns={2} minColumnWidth={260}>
          {input(text.name, "name", text.form.nameDetail)}
          {input(text.role, "role", text.form.roleDetail)}
          <FormField label={text.form.scheme}>
            <Select
              optionsFrom={null}
              selectedOption={schemes.find(({ value }) => value === draft.scheme) ?? null}
              options={schemes}
              onChange={({ detail }) => { change({ scheme: SCHEMES.find((scheme) => scheme === detail.selectedOption.value) ?? "internet-facing" }); }}
            />
          </FormField>
          {input(text.form.maximum, "balancers", text.form.maximumDetail)}
          {input(text.form.header, "header", text.form.headerDetail)}
          {input(text.form.value, "value")}
        </ColumnLayout>
        <Checkbox checked={draft.isProtected} onChange={({ detail }) => { change({ isProtected: detail.checked }); }}>{text.protection}</Checkbox>
      </SpaceBetween>
    </Container>
  );
}
