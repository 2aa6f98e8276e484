import type { LoadBalancerSchemeEnum } from "@aws-sdk/client-elastic-load-balancing-v2";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tiles from "@cloudscape-design/components/tiles";
import { useState } from "react";
import { PageLayout } from "../../app/PageLayout.tsx";
import { paths } from "../../app/paths.ts";
import { nameTag, type Networks } from "../../aws/ec2.ts";
import { elbTags } from "../../aws/elb.ts";
import { createLoadBalancer } from "../../aws/loadBalancers.ts";
import type { Tags } from "../../aws/tags.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useNetworks } from "../../live/queries.ts";
import { Multiselect, Select } from "../../parts/choices.tsx";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { ResourceForm } from "../../parts/ResourceForm.tsx";
import { TagsField } from "../../parts/Tags.tsx";

interface Draft {
  readonly name: string;
  readonly type: "application" | "network";
  readonly scheme: LoadBalancerSchemeEnum;
  readonly vpc: string;
  readonly subnets: readonly string[];
  readonly groups: readonly string[];
  readonly tags: Tags;
}

export default function CreateLoadBalancerPage() {
  const text = useText().loadBalancers;
  const crumbs = [{ text: text.title, path: paths.loadBalancers }, { text: text.create }];
  return (
    <PageLayout title={text.create} breadcrumbs={crumbs} contentType="form">
      <QueryContent query={useNetworks()}>{(networks) => <LoadBalancerForm networks={networks} />}</QueryContent>
    </PageLayout>
  );
}

/** The default VPC with its default subnets; without a default VPC, the first VPC without subnets. */
function initialDraft({ subnets }: Networks): Draft {
  const defaults = subnets.filter(({ DefaultForAz }) => DefaultForAz);
  const vpc = (defaults[0] ?? subnets[0])?.VpcId ?? "";
  return { name: "", type: "application", scheme: "internet-facing", vpc, subnets: defaults.map(({ SubnetId = "" }) => SubnetId), groups: [], tags: [] };
}

function LoadBalancerForm({ networks }: { networks: Networks }) {
  const text = useText().loadBalancers;
  const words = text.form;
  const target = useTarget();
  const [draft, setDraft] = useState(() => initialDraft(networks));
  const change = (part: Partial<Draft>) => { setDraft((current) => ({ ...current, ...part })); };
  const save = () =>
    createLoadBalancer(target, {
      Name: draft.name,
      Type: draft.type,
      Scheme: draft.scheme,
      Subnets: [...draft.subnets],
      SecurityGroups: draft.groups.length === 0 ? undefined : [...draft.groups],
      Tags: elbTags(draft.tags),
    });
  return (
    <ResourceForm title={text.create} editing={false} save={save} done={words.created(draft.name)} next={paths.loadBalancer(draft.name)} back={paths.loadBalancers}>
      {() => (
        <SpaceBetween size="l">
          <Container header={<Header variant="h2">{words.basic}</Header>}>
            <SpaceBetween size="l">
              <FormField label={text.type} stretch>
                <Tiles
                  columns={2}
                  value={draft.type}
                  items={(["application", "network"] as const).map((value) => ({ value, label: text.types[value], description: words.typeDetail[value] }))}
                  onChange={({ detail }) => { change({ type: detail.value === "network" ? "network" : "application" }); }}
                />
              </FormField>
              <FormField label={text.name} constraintText={words.nameConstraint}>
                <Input value={draft.name} ariaRequired onChange={({ detail }) => { change({ name: detail.value }); }} />
              </FormField>
              <FormField label={text.scheme} stretch>
                <Tiles
                  columns={2}
                  value={draft.scheme}
                  items={(["internet-facing", "internal"] as const).map((value) => ({ value, label: text.schemes[value], description: words.schemeDetail[value] }))}
                  onChange={({ detail }) => { change({ scheme: detail.value === "internal" ? "internal" : "internet-facing" }); }}
                />
              </FormField>
            </SpaceBetween>
          </Container>
          <NetworkFields networks={networks} draft={draft} change={change} />
          <TagsField tags={draft.tags} onChange={(tags) => { change({ tags }); }} />
        </SpaceBetween>
      )}
    </ResourceForm>
  );
}

function NetworkFields({ networks, draft, change }: { networks: Networks; draft: Draft; change: (part: Partial<Draft>) => void }) {
  const text = useText().loadBalancers;
  const words = text.form;
  const vpcs = [...new Set(networks.subnets.map(({ VpcId = "" }) => VpcId))];
  const subnets = networks.subnets
    .filter(({ VpcId }) => VpcId === draft.vpc)
    .map(({ SubnetId = "", AvailabilityZone, CidrBlock, Tags }) => ({ value: SubnetId, label: SubnetId, description: [AvailabilityZone, CidrBlock, nameTag(Tags)].filter(Boolean).join(" · ") }));
  const groups = networks.groups
    .filter(({ VpcId }) => VpcId === draft.vpc)
    .map(({ GroupId = "", GroupName = "" }) => ({ value: GroupId, label: GroupId, description: GroupName }));
  const selectedOptions = <O extends { value: string }>(options: readonly O[], ids: readonly string[]) => options.filter(({ value }) => ids.includes(value));
  return (
    <Container header={<Header variant="h2">{words.network}</Header>}>
      <SpaceBetween size="l">
        <FormField label={text.vpc} description={words.vpcDetail}>
          <Select
            optionsFrom={null}
            selectedOption={draft.vpc === "" ? null : { value: draft.vpc, label: draft.vpc }}
            options={vpcs.map((value) => ({ value, label: value }))}
            placeholder={words.chooseVpc}
            onChange={({ detail }) => { change({ vpc: detail.selectedOption.value ?? "", subnets: [], groups: [] }); }}
          />
        </FormField>
        <FormField label={words.subnets} description={words.subnetsDetail[draft.type]}>
          <Multiselect
            optionsFrom={null}
            selectedOptions={selectedOptions(subnets, draft.subnets)}
            options={subnets}
            placeholder={words.chooseSubnets}
            onChange={({ detail }) => { change({ subnets: detail.selectedOptions.map(({ value = "" }) => value) }); }}
          />
        </FormField>
        <FormField label={words.groups} description={words.groupsDetail}>
          <Multiselect
            optionsFrom={null}
            selectedOptions={selectedOptions(groups, draft.groups)}
            options={groups}
            placeholder={words.chooseGroups}
            onChange={({ detail }) => { change({ groups: detail.selectedOptions.map(({ value = "" }) => value) }); }}
          />
        </FormField>
      </SpaceBetween>
    </Container>
  );
}
