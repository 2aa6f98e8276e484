import type { Service } from "@aws-sdk/client-servicediscovery";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { paths } from "../../app/paths.ts";
import { useText } from "../../i18n/useText.ts";
import { useDiscoveryService, useNamespace } from "../../live/queries.ts";
import { CopyableValue, Properties } from "../../parts/Properties.tsx";
import { Timestamp } from "../../parts/Time.tsx";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { ServiceInstancesTable } from "./ServiceInstancesTable.tsx";
import { DnsRecords, HealthCheck } from "./DiscoveryServicesTable.tsx";

/** A Cloud Map service: its DNS records, its health check and its instances. */
export default function DiscoveryServicePage() {
  const text = useText().namespaces;
  const { namespace = "", service: id = "" } = useParams();
  const query = useDiscoveryService(id);
  const name = query.data?.Name ?? id;
  const crumbs = [
    { text: text.title, path: paths.namespaces },
    { text: useNamespace(namespace).data?.Name ?? namespace, path: paths.namespace(namespace) },
    { text: name },
  ];
  return (
    <PageLayout title={name} breadcrumbs={crumbs}>
      <SpaceBetween size="l">
        <Header variant="h1" description={query.data?.Description}>{name}</Header>
        <QueryContent query={query}>
          {(service) => (
            <SpaceBetween size="l">
              <Overview service={service} />
              <ServiceInstancesTable service={service} />
            </SpaceBetween>
          )}
        </QueryContent>
      </SpaceBetween>
    </PageLayout>
  );
}

function Overview({ service }: { service: Service }) {
  const text = useText().namespaces;
  const words = text.service;
  return (
    <Container header={<Header variant="h2">{words.overview}</Header>}>
      <Properties
        items={[
          { label: words.id, value: <CopyableValue value={service.Id} /> },
          { label: text.arn, value: <CopyableValue value={service.Arn} /> },
          { label: words.dns, value: <DnsRecords service={service} /> },
          service.DnsConfig ? { label: words.routing, value: service.DnsConfig.RoutingPolicy } : null,
          { label: words.check, value: <HealthCheck service={service} /> },
          { label: words.createdByAccount, value: service.CreatedByAccount },
          { label: text.created, value: <Timestamp date={service.CreateDate} /> },
        ]}
      />
    </Container>
  );
}
