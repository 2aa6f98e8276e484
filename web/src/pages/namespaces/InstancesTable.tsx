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
import { ActButton, useChoice } from "../../parts/Choice.tsx";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Status } from "../../parts/Status.tsx";
import { Deregister } from "./Deregister.tsx";
import { Register } from "./Register.tsx";

const idOf = (instance: Instance) => instance.Id ?? "";

/** The instances of a service of Cloud Map, with their health. */
export function InstancesTable({ service }: { service: Service }) {
  const text = useText().namespaces;
  const target = useTarget();
  const id = service.Id ?? "";
  const found = useLive(["instances", id], [{ kind: "instance" }], () => readInstances(target, id));
  const choice = useChoice(found, idOf);
  const [registering, setRegistering] = useState(false);
  const [leaving, setLeaving] = useState<Instance | null>(null);
  return (
    <>
      <LiveTable
        found={found}
        id={idOf}
        title={text.service.instances}
        filter={text.instance.find}
        columns={useColumns()}
        selection={{ ...choice, label: idOf }}
        actions={
          <SpaceBetween size="xs" direction="horizontal">
            <ActButton on={choice.chosen} act={setLeaving}>{text.deregister.open}</ActButton>
            <Button variant="primary" onClick={() => { setRegistering(true); }}>{text.register.open}</Button>
          </SpaceBetween>
        }
        empty={{ title: text.instance.none, detail: text.instance.noneDetail }}
        wrap
      />
      {registering ? <Register service={service} onClose={() => { setRegistering(false); }} onDone={found.reload} /> : null}
      {leaving ? (
        <Deregister
          service={id}
          instance={leaving}
          last={found.data?.length === 1}
          onClose={() => { setLeaving(null); }}
          onDone={found.reload}
        />
      ) : null}
    </>
  );
}

function useColumns(): TableProps.ColumnDefinition<Instance>[] {
  const text = useText().namespaces.instance;
  return [
    { id: "id", header: text.id, cell: (instance) => instance.Id, sortingField: "Id", isRowHeader: true },
    { id: "health", header: text.health, cell: (instance) => <Status of={instance.health} />, sortingField: "health" },
    { id: "attributes", header: text.attributes, cell: (instance) => <Attributes of={instance.Attributes ?? {}} /> },
  ];
}

function Attributes({ of }: { of: Readonly<Record<string, string>> }) {
  const sorted = Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1));
  return <>{sorted.map(([key, value]) => <Box key={key}>{key}={value}</Box>)}</>;
}
