import type { Service, ServiceConnectService } from "@aws-sdk/client-ecs";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { nameOf } from "../../aws/arn.ts";
import { namespaceName } from "../../aws/namespaces.ts";
import { useText } from "../../i18n/useText.ts";
import { useCluster, useDefinition, useNamespaces } from "../../live/queries.ts";
import { Properties } from "../../parts/Properties.tsx";
import { clusterNameOf, primaryOf } from "./summary.ts";

/** The Service Connect configuration of a service, with its endpoints. */
export function ConnectTab({ service }: { service: Service }) {
  const text = useText();
  const words = text.services.connectTab;
  const connect = primaryOf(service)?.serviceConnectConfiguration;
  const cluster = useCluster(clusterNameOf(service));
  const namespaces = useNamespaces().data ?? [];
  const namespaceId = connect?.namespace ?? cluster.data?.serviceConnectDefaults?.namespace;
  const namespace = namespaces.find((one) => one.Arn === namespaceId || one.Name === namespaceId);
  if (!connect?.enabled) {
    return (
      <Container header={<Header variant="h2">{words.title}</Header>}>
        <Box textAlign="center" padding="l">
          <b>{words.off}</b>
          <Box color="text-body-secondary">{words.offDetail}</Box>
        </Box>
      </Container>
    );
  }
  const log = connect.logConfiguration;
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">{words.title}</Header>}>
        <Properties
          items={[
            { label: words.state, value: <StatusIndicator type="success">{text.parts.on}</StatusIndicator> },
            {
              label: words.namespace,
              value: namespace?.Id ? <Link href={href(paths.namespace(namespace.Id))}>{namespace.Name}</Link> : namespaceName(namespaces, namespaceId),
            },
            { label: words.role, value: connect.services?.length ? words.clientServer : words.client },
            { label: words.logs, value: log ? (log.options?.["awslogs-group"] ?? log.logDriver) : null },
            { label: words.accessLog, value: connect.accessLogConfiguration?.format },
          ]}
        />
      </Container>
      <Endpoints service={service} services={connect.services ?? []} namespace={namespaceName(namespaces, namespaceId)} />
    </SpaceBetween>
  );
}

/** A client alias. */
interface Row {
  readonly service: ServiceConnectService;
  readonly discoveryName: string;
  readonly address: string;
  readonly test: string | undefined;
}

function rowsOf(services: readonly ServiceConnectService[], namespace: string): Row[] {
  return services.flatMap((service) => {
    const discoveryName = service.discoveryName ?? service.portName ?? "";
    return (service.clientAliases ?? []).map((alias) => {
      const header = alias.testTrafficRules?.header;
      const value = header?.value?.exact;
      return {
        service,
        discoveryName,
        address: `${alias.dnsName ?? `${discoveryName}.${namespace}`}:${alias.port ?? 0}`,
        test: header ? `${header.name ?? ""}${value === undefined ? "" : `: ${value}`}` : undefined,
      };
    });
  });
}

interface EndpointsProps {
  readonly service: Service;
  readonly services: readonly ServiceConnectService[];
  readonly namespace: string;
}

function Endpoints({ service, services, namespace }: EndpointsProps) {
  const text = useText();
  const words = text.services.connectTab;
  const definition = useDefinition(service.taskDefinition).data;
  const ports = new Map((definition?.containerDefinitions ?? []).flatMap((container) => (container.portMappings ?? []).map((port) => [port.name, port] as const)));
  const resources = primaryOf(service)?.serviceConnectResources ?? [];
  const columns: TableProps.ColumnDefinition<Row>[] = [
    { id: "address", header: words.address, cell: (row) => <code>{row.address}</code>, isRowHeader: true },
    { id: "discovery", header: words.discoveryName, cell: (row) => row.discoveryName },
    {
      id: "port",
      header: words.port,
      cell: (row) => [row.service.portName, ports.get(row.service.portName)?.containerPort].filter(Boolean).join(" → "),
    },
    { id: "protocol", header: words.protocol, cell: (row) => ports.get(row.service.portName)?.appProtocol ?? "tcp" },
    { id: "timeouts", header: words.timeouts, cell: (row) => timeoutsOf(row.service, words) || text.parts.none },
    { id: "tls", header: words.tls, cell: (row) => nameOf(row.service.tls?.issuerCertificateAuthority?.awsPcaAuthorityArn) || text.parts.off },
    { id: "test", header: words.testHeader, cell: (row) => row.test ?? text.parts.none },
    {
      id: "service",
      header: words.cloudMap,
      cell: (row) => nameOf(resources.find((one) => one.discoveryName === row.discoveryName)?.discoveryArn) || text.parts.none,
    },
  ];
  return (
    <Table
      wrapLines
      header={<Header variant="h2" description={words.endpointsDetail}>{words.endpoints}</Header>}
      items={rowsOf(services, namespace)}
      columnDefinitions={columns}
      empty={<Box textAlign="center">{words.noEndpoints}</Box>}
    />
  );
}

type ConnectTexts = ReturnType<typeof useText>["services"]["connectTab"];

function timeoutsOf(service: ServiceConnectService, words: ConnectTexts): string {
  const { idleTimeoutSeconds: idle, perRequestTimeoutSeconds: perRequest } = service.timeout ?? {};
  return [idle === undefined ? "" : words.idle(idle), perRequest === undefined ? "" : words.perRequest(perRequest)].filter(Boolean).join(", ");
}
