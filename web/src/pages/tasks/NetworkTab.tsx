import type { Attachment, Task } from "@aws-sdk/client-ecs";
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useText } from "../../i18n/useText.ts";
import { useDefinition } from "../../live/queries.ts";
import { CopyableValue, Properties } from "../../parts/Properties.tsx";
import { Status } from "../../parts/Status.tsx";
import { TaskAddresses, usePublicAddress } from "./TaskAddresses.tsx";

/** The network interface of a task with its addresses, and all attachments. */
export function NetworkTab({ task }: { task: Task }) {
  const text = useText().task.network;
  const mode = useDefinition(task.taskDefinitionArn).data?.networkMode;
  const attachments = task.attachments ?? [];
  const eni = attachments.find((one) => one.type === "ElasticNetworkInterface");
  return (
    <SpaceBetween size="l">
      {eni ? <Interface task={task} eni={eni} mode={mode} /> : <Alert type="info" header={text.none}>{text.noneDetail}</Alert>}
      <Attachments attachments={attachments} />
    </SpaceBetween>
  );
}

function Interface({ task, eni, mode }: { task: Task; eni: Attachment; mode: string | undefined }) {
  const text = useText().task.network;
  const detail = (name: string) => eni.details?.find((one) => one.name === name)?.value;
  const publicAddress = usePublicAddress(task);
  const ipv6 = detail("ipv6Address");
  return (
    <Container header={<Header variant="h2">{text.title}</Header>}>
      <Properties
        items={[
          { label: text.mode, value: mode },
          { label: text.eni, value: <CopyableValue value={detail("networkInterfaceId")} /> },
          { label: text.subnet, value: <CopyableValue value={detail("subnetId")} /> },
          { label: text.zone, value: task.availabilityZone },
          { label: text.privateAddress, value: <CopyableValue value={detail("privateIPv4Address")} /> },
          { label: text.publicAddress, value: <CopyableValue value={publicAddress} /> },
          publicAddress === undefined ? null : { label: text.publicPorts, value: <TaskAddresses task={task} /> },
          ipv6 ? { label: text.ipv6, value: <CopyableValue value={ipv6} /> } : null,
          { label: text.privateName, value: detail("privateDnsName") },
          { label: text.mac, value: detail("macAddress") },
        ]}
      />
    </Container>
  );
}

function Attachments({ attachments }: { attachments: readonly Attachment[] }) {
  const text = useText();
  const words = text.task.network;
  return (
    <Table
      header={<Header variant="h2" counter={`(${attachments.length})`}>{words.attachments}</Header>}
      items={attachments}
      trackBy="id"
      empty={<Box textAlign="center">{words.noAttachments}</Box>}
      wrapLines
      columnDefinitions={[
        { id: "type", header: words.type, cell: (one) => one.type, isRowHeader: true },
        { id: "status", header: text.task.container.status, cell: (one) => <Status status={one.status} /> },
        { id: "id", header: words.attachment, cell: (one) => one.id },
        { id: "details", header: words.details, cell: (one) => (one.details ?? []).map(({ name, value }) => `${name ?? ""}: ${value ?? ""}`).join(", ") || text.parts.none },
      ]}
    />
  );
}
