import type { GatewayClusterAssociationSummary } from "@aws-sdk/client-ecs";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { nameOf } from "../../aws/arn.ts";
import { associateGateway, disassociateGateway, readGatewayAssociations } from "../../aws/gateways.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useClusters } from "../../live/queries.ts";
import { useLive } from "../../live/useLive.ts";
import { Select } from "../../parts/choices.tsx";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Status } from "../../parts/Status.tsx";
import { SelectionButton, useSelection } from "../../parts/TableSelection.tsx";

const idOf = ({ clusterArn = "" }: GatewayClusterAssociationSummary) => clusterArn;

/** The clusters whose services may join a gateway. */
export function AssociationsTab({ gateway }: { gateway: string }) {
  const text = useText().gateways;
  const target = useTarget();
  const query = useLive(["gateway-associations", gateway], [{ kind: "gateway-association" }, { kind: "gateway" }], (signal) => readGatewayAssociations(target, gateway, signal));
  const selection = useSelection(query, idOf);
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<string | null>(null);
  const associate = <Button onClick={() => { setAdding(true); }}>{text.associate}</Button>;
  return (
    <>
      <LiveTable
        query={query}
        id={idOf}
        title={text.tabs.clusters}
        selection={{ ...selection, label: ({ clusterArn }) => nameOf(clusterArn) }}
        actions={
          <SpaceBetween size="xs" direction="horizontal">
            <SelectionButton item={selection.selected} isEnabled={({ status }) => status === "ACTIVE"} onClick={({ clusterArn }) => { setRemoving(nameOf(clusterArn)); }}>{text.disassociate}</SelectionButton>
            {associate}
          </SpaceBetween>
        }
        empty={{ title: text.noClusters, detail: text.noClustersDetail }}
        columns={[
          { id: "cluster", header: text.cluster, cell: ({ clusterArn }) => <Link href={href(paths.cluster(nameOf(clusterArn)))}>{nameOf(clusterArn)}</Link>, sortingField: "clusterArn", isRowHeader: true },
          { id: "status", header: text.status, cell: ({ status }) => <Status status={status} />, sortingField: "status" },
        ]}
      />
      {adding ? <AssociateDialog gateway={gateway} onClose={() => { setAdding(false); }} onDone={query.reload} /> : null}
      {removing === null ? null : (
        <ConfirmDialog
          title={text.disassociateTitle(removing)}
          effect={text.disassociateEffect}
          action={text.disassociate}
          done={text.disassociated(removing)}
          perform={() => disassociateGateway(target, gateway, removing)}
          onClose={() => { setRemoving(null); }}
          onDone={query.reload}
        />
      )}
    </>
  );
}

function AssociateDialog({ gateway, onClose, onDone }: { gateway: string; onClose: () => void; onDone: () => void }) {
  const text = useText().gateways;
  const target = useTarget();
  const clusters = useClusters();
  const [cluster, setCluster] = useState("");
  return (
    <ConfirmDialog
      title={text.associateTitle(gateway)}
      effect={text.associateEffect}
      action={text.associate}
      done={text.associated(cluster)}
      disabled={cluster === ""}
      perform={() => associateGateway(target, gateway, cluster)}
      onClose={onClose}
      onDone={onDone}
    >
      <FormField label={text.cluster}>
        <Select
          optionsFrom={clusters}
          selectedOption={cluster === "" ? null : { value: cluster, label: cluster }}
          placeholder={text.chooseCluster}
          options={(clusters.data ?? []).map(({ clusterName = "" }) => ({ value: clusterName, label: clusterName }))}
          onChange={({ detail }) => { setCluster(detail.selectedOption.value ?? ""); }}
        />
      </FormField>
    </ConfirmDialog>
  );
}
