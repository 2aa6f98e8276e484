import type { Service } from "@aws-sdk/client-servicediscovery";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { TableProps } from "@cloudscape-design/components/table";
import { useState } from "react";
import { type Instance, readInstances } from "../../aws/discoveryServices.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { SelectionButton, useSelection } from "../../parts/TableSelection.tsx";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Status } from "../../parts/Status.tsx";
import { DeregisterInstance, RegisterInstance } from "./InstanceDialogs.tsx";

const idOf = (instance: Instance) => instance.Id ?? "";

/** The instances of a Cloud Map service, with their health. */
export function ServiceInstancesTable({ service }: { service: Service }) {
  const text = useText().namespaces;
  const target = useTarget();
  const id = service.Id ?? "";
  const query = useLive(["instances", id], [{ kind: "instance" }], () => readInstances(target, id));
  const selection = useSelection(query, idOf);
  const [registering, setRegistering] = useState(false);
  const [deregistering, setDeregistering] = useState<Instance | null>(null);
  return (
    <>
      <LiveTable
        query={query}
        id={idOf}
        title={text.service.instances}
        filter={text.instance.find}
        columns={useColumns()}
        selection={{ ...selection, label: idOf }}
        actions={
          <SpaceBetween size="xs" direction="horizontal">
            <SelectionButton item={selection.selected} onClick={setDeregistering}>{text.deregister.open}</SelectionButton>
            <Button variant="primary" onClick={() => { setRegistering(true); }}>{text.register.open}</Button>
          </SpaceBetween>
        }
        empty={{ title: text.instance.none, detail: text.instance.noneDetail }}
        wrap
      />
      {registering ? <RegisterInstance service={service} onClose={() => { setRegistering(false); }} onDone={query.reload} /> : null}
      {deregistering ? (
        <DeregisterInstance
          service={id}
          instance={deregistering}
          isLast={query.data?.length === 1}
          onClose={() => { setDeregistering(null); }}
          onDone={query.reload}
        />
      ) : null}
    </>
  );
}

function useColumns(): TableProps.ColumnDefinition<Instance>[] {
  const text = useText().namespaces.instance;
  return [
    { id: "id", header: text.id, cell: (instance) => instance.Id, sortingField: "Id", isRowHeader: true },
    { id: "health", header: text.health, cell: (instance) => <Status status={instance.health} />, sortingField: "health" },
    { id: "attributes", header: text.attributes, cell: (instance) => <Attributes attributes={instance.Attributes ?? {}} /> },
  ];
}

function Attributes({ attributes }: { attributes: Readonly<Record<string, string>> }) {
  const sorted = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  return <>{sorted.map(([key, value]) => <Box key={key}>{key}={value}</Box>)}</>;
}
