import Checkbox from "@cloudscape-design/components/checkbox";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { nameTag } from "../../../aws/ec2.ts";
import { useText } from "../../../i18n/useText.ts";
import { useNetworks } from "../../../live/queries.ts";
import { Multiselect } from "../../../parts/choices.tsx";
import { ErrorAlert } from "../../../parts/QueryContent.tsx";
import type { ServiceFieldsProps } from "./fieldsProps.ts";

/** The subnets, security groups and public IP of the tasks. */
export function NetworkFields({ draft, change, errors }: ServiceFieldsProps) {
  const text = useText().services.form;
  return (
    <Container header={<Header variant="h2">{text.network}</Header>}>
      <SpaceBetween size="l">
        <SubnetsAndGroups draft={draft} change={change} errors={errors} subnetsDetail={text.subnetsDetail} groupsDetail={text.groupsDetail} />
        <Checkbox checked={draft.publicIp} description={text.publicIpDetail} onChange={({ detail }) => { change({ publicIp: detail.checked }); }}>
          {text.publicIp}
        </Checkbox>
      </SpaceBetween>
    </Container>
  );
}

interface NetworkSelection {
  readonly subnets: readonly string[];
  readonly groups: readonly string[];
}

export interface SubnetsAndGroupsProps {
  readonly draft: NetworkSelection;
  readonly change: (part: Partial<NetworkSelection>) => void;
  readonly errors: { readonly subnets?: string; readonly groups?: string };
  readonly subnetsDetail: string;
  readonly groupsDetail: string;
}

/** The choice of subnets, and of security groups of their VPC. */
export function SubnetsAndGroups({ draft, change, errors, subnetsDetail, groupsDetail }: SubnetsAndGroupsProps) {
  const text = useText().services.form;
  const query = useNetworks();
  const subnets = (query.data?.subnets ?? []).map((subnet) => ({
    value: subnet.SubnetId ?? "",
    label: subnet.SubnetId ?? "",
    description: [subnet.AvailabilityZone, subnet.CidrBlock, subnet.VpcId, nameTag(subnet.Tags)].filter(Boolean).join(" · "),
  }));
  const vpcs = new Set((query.data?.subnets ?? []).filter((subnet) => draft.subnets.includes(subnet.SubnetId ?? "")).map((subnet) => subnet.VpcId));
  const groups = (query.data?.groups ?? [])
    .filter((group) => vpcs.size === 0 || vpcs.has(group.VpcId) || draft.groups.includes(group.GroupId ?? ""))
    .map((group) => ({ value: group.GroupId ?? "", label: group.GroupId ?? "", description: [group.GroupName, group.VpcId].filter(Boolean).join(" · ") }));
  return (
    <>
      {query.status === "failed" ? <ErrorAlert error={query.error} onRetry={query.reload} /> : null}
      <FormField label={text.subnets} description={subnetsDetail} errorText={errors.subnets}>
        <Multiselect
          optionsFrom={query}
          selectedOptions={selectedOptions(draft.subnets, subnets)}
          options={subnets}
          filteringType="auto"
          placeholder={text.chooseSubnets}
          onChange={({ detail }) => { change({ subnets: valuesOf(detail.selectedOptions) }); }}
        />
      </FormField>
      <FormField label={text.groups} description={groupsDetail} errorText={errors.groups}>
        <Multiselect
          optionsFrom={query}
          selectedOptions={selectedOptions(draft.groups, groups)}
          options={groups}
          filteringType="auto"
          placeholder={text.chooseGroups}
          onChange={({ detail }) => { change({ groups: valuesOf(detail.selectedOptions) }); }}
        />
      </FormField>
    </>
  );
}

interface Option {
  readonly value: string;
  readonly label: string;
  readonly description: string;
}

/** The options with these ids, including ids without an option, such as that of a deleted subnet. */
function selectedOptions(ids: readonly string[], options: readonly Option[]): Option[] {
  return ids.map((id) => options.find((option) => option.value === id) ?? { value: id, label: id, description: "" });
}

function valuesOf(options: readonly { value?: string }[]): string[] {
  return options.map((option) => option.value ?? "");
}
