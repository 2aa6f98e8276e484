import type { Namespace } from "@aws-sdk/client-servicediscovery";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { useText } from "../../i18n/useText.ts";
import { useNamespace } from "../../live/queries.ts";
import { CopyableValue, Properties } from "../../parts/Properties.tsx";
import { Timestamp } from "../../parts/Time.tsx";
import { PathTabs } from "../../parts/PathTabs.tsx";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { DiscoveryServicesTable } from "./DiscoveryServicesTable.tsx";
import { InstanceDiscovery } from "./NamespacesPage.tsx";
import { NamespaceServicesTable } from "./NamespaceServicesTable.tsx";

/** A namespace with its Cloud Map services and the ECS services that use it. */
export default function NamespacePage() {
  const text = useText().namespaces;
  const { namespace: id = "", tab } = useParams();
  const query = useNamespace(id);
  const name = query.data?.Name ?? id;
  return (
    <PageLayout title={name} breadcrumbs={[{ text: text.title, path: paths.namespaces }, { text: name }]}>
      <SpaceBetween size="l">
        <Header
          variant="h1"
          description={query.data?.Description}
          actions={<Button href={href(paths.trafficOf(name))} disabled={!query.data}>{text.traffic}</Button>}
        >
          {name}
        </Header>
        <QueryContent query={query}>
          {(namespace) => (
            <SpaceBetween size="l">
              <Overview namespace={namespace} />
              <PathTabs
                label={name}
                active={tab}
                path={(tabId) => paths.namespace(id, tabId)}
                tabs={[
                  { id: "services", label: text.services, content: <DiscoveryServicesTable namespace={id} /> },
                  { id: "used-by", label: text.ecsServices, content: <NamespaceServicesTable namespace={namespace.Arn ?? ""} /> },
                ]}
              />
            </SpaceBetween>
          )}
        </QueryContent>
      </SpaceBetween>
    </PageLayout>
  );
}

function Overview({ namespace }: { namespace: Namespace }) {
  const text = useText().namespaces;
  const dns = namespace.Properties?.DnsProperties;
  const ttl = dns?.SOA?.TTL;
  return (
    <Container header={<Header variant="h2">{text.overview}</Header>}>
      <Properties
        items={[
          { label: text.arn, value: <CopyableValue value={namespace.Arn} /> },
          { label: text.type, value: namespace.Type },
          { label: text.instanceDiscovery, value: <InstanceDiscovery type={namespace.Type} /> },
          { label: text.httpName, value: <CopyableValue value={namespace.Properties?.HttpProperties?.HttpName} /> },
          dns ? { label: text.zone, value: <CopyableValue value={dns.HostedZoneId} /> } : null,
          ttl === undefined ? null : { label: text.ttl, value: text.seconds(ttl) },
          { label: text.owner, value: namespace.ResourceOwner },
          { label: text.created, value: <Timestamp date={namespace.CreateDate} /> },
        ]}
      />
    </Container>
  );
}
