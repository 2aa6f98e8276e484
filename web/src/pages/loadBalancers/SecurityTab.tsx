import type { LoadBalancer } from "@aws-sdk/client-elastic-load-balancing-v2";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Table from "@cloudscape-design/components/table";
import { useState } from "react";
import { setSecurityGroups } from "../../aws/loadBalancers.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useNetworks } from "../../live/queries.ts";
import { Multiselect } from "../../parts/choices.tsx";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";

/** The security groups of a load balancer. */
export function SecurityTab({ balancer }: { balancer: LoadBalancer }) {
  const text = useText().loadBalancers.groups;
  const [editing, setEditing] = useState(false);
  const networks = useNetworks().data;
  const ids = balancer.SecurityGroups ?? [];
  const items = ids.map((id) => networks?.groups.find(({ GroupId }) => GroupId === id) ?? { GroupId: id });
  return (
    <>
      <Table
        header={<Header variant="h2" counter={`(${ids.length})`} actions={<Button onClick={() => { setEditing(true); }}>{text.edit}</Button>}>{text.title}</Header>}
        items={items}
        trackBy="GroupId"
        empty={<Box textAlign="center">{text.none}</Box>}
        columnDefinitions={[
          { id: "id", header: text.group, cell: (group) => group.GroupId, isRowHeader: true },
          { id: "name", header: text.name, cell: (group) => group.GroupName },
          { id: "description", header: text.description, cell: (group) => group.Description },
        ]}
      />
      {editing ? <EditGroups balancer={balancer} onClose={() => { setEditing(false); }} /> : null}
    </>
  );
}

function EditGroups({ balancer, onClose }: { balancer: LoadBalancer; onClose: () => void }) {
  const text = useText().loadBalancers;
  const target = useTarget();
  const [ids, setIds] = useState<readonly string[]>(balancer.SecurityGroups ?? []);
  const groups = (useNetworks().data?.groups ?? []).filter(({ VpcId }) => VpcId === balancer.VpcId);
  const options = groups.map(({ GroupId = "", GroupName = "" }) => ({ value: GroupId, label: GroupId, description: GroupName }));
  return (
    <ConfirmDialog
      title={text.groups.edit}
      effect={text.groups.effect}
      action={useText().parts.form.save}
      done={text.groups.saved}
      perform={() => setSecurityGroups(target, balancer.LoadBalancerArn ?? "", ids)}
      onClose={onClose}
    >
      <FormField label={text.groups.title}>
        <Multiselect
          optionsFrom={null}
          selectedOptions={ids.map((id) => options.find(({ value }) => value === id) ?? { value: id, label: id })}
          options={options}
          placeholder={text.form.chooseGroups}
          onChange={({ detail }) => { setIds(detail.selectedOptions.map(({ value = "" }) => value)); }}
        />
      </FormField>
    </ConfirmDialog>
  );
}
