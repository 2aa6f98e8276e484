import type { Service } from "@aws-sdk/client-servicediscovery";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useParams } from "react-router";
import { Frame } from "../../app/Frame.tsx";
import { paths } from "../../app/paths.ts";
import { useText } from "../../i18n/useText.ts";
import { useDiscoveryService, useNamespace } from "../../live/readings.ts";
import { Copied, Facts } from "../../parts/Facts.tsx";
import { At } from "../../parts/Moment.tsx";
import { Shown } from "../../parts/Shown.tsx";
import { InstancesTable } from "./InstancesTable.tsx";
import { DnsRecords, HealthCheck } from "./settings.tsx";

/** One service of Cloud Map: its records and checks, and the instances that answer for it. */
export default function DiscoveryServicePage() {
  const text = useText().namespaces;
  const { namespace = "", service: id = "" } = useParams();
  const found = useDiscoveryService(id);
  const name = found.data?.Name ?? id;
  const crumbs = [
    { text: text.title, path: paths.namespaces },
    { text: useNamespace(namespace).data?.Name ?? namespace, path: paths.namespace(namespace) },
    { text: name },
  ];
  return (
    <Frame title={name} breadcrumbs={crumbs}>
      <SpaceBetween size="l">
        <Header variant="h1" description={found.data?.Description}>{name}</Header>
        <Shown found={found}>
          {(service) => (
            <SpaceBetween size="l">
              <Overview service={service} />
              <InstancesTable service={service} />
            </SpaceBetween>
          )}
        </Shown>
      </SpaceBetween>
    </Frame>
  );
}

function Overview({ service }: { service: Service }) {
  const text = useText().namespaces;
  const words = text.service;
  return (
    <Container header={<Header variant="h2">{words.overview}</Header>}>
      <Facts
        facts={[
          { label: words.id, value: <Copied value={service.Id} /> },
          { label: text.arn, value: <Copied value={service.Arn} /> },
          { label: words.dns, value: <DnsRecords service={service} /> },
          service.DnsConfig ? { label: words.routing, value: service.DnsConfig.RoutingPolicy } : null,
          { label: words.check, value: <HealthCheck service={service} /> },
          { label: words.madeBy, value: service.CreatedByAccount },
          { label: text.created, value: <At at={service.CreateDate} /> },
        ]}
      />
    </Container>
  );
}
