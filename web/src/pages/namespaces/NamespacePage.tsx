import type { Namespace } from "@aws-sdk/client-servicediscovery";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useParams } from "react-router";
import { Frame } from "../../app/Frame.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { useText } from "../../i18n/useText.ts";
import { useNamespace } from "../../live/readings.ts";
import { Copied, Facts } from "../../parts/Facts.tsx";
import { At } from "../../parts/Moment.tsx";
import { PathTabs } from "../../parts/PathTabs.tsx";
import { Shown } from "../../parts/Shown.tsx";
import { DiscoveryServicesTable } from "./DiscoveryServicesTable.tsx";
import { LookedUpBy } from "./NamespacesPage.tsx";
import { UsersTable } from "./UsersTable.tsx";

/** One namespace: how it is looked up, what is in it, and who uses it. */
export default function NamespacePage() {
  const text = useText().namespaces;
  const { namespace: id = "", tab } = useParams();
  const found = useNamespace(id);
  const name = found.data?.Name ?? id;
  return (
    <Frame title={name} breadcrumbs={[{ text: text.title, path: paths.namespaces }, { text: name }]}>
      <SpaceBetween size="l">
        <Header
          variant="h1"
          description={found.data?.Description}
          actions={<Button href={href(paths.trafficOf(name))} disabled={!found.data}>{text.traffic}</Button>}
        >
          {name}
        </Header>
        <Shown found={found}>
          {(namespace) => (
            <SpaceBetween size="l">
              <Overview namespace={namespace} />
              <PathTabs
                label={name}
                active={tab}
                path={(one) => paths.namespace(id, one)}
                tabs={[
                  { id: "services", label: text.services, content: <DiscoveryServicesTable namespace={id} /> },
                  { id: "used-by", label: text.users, content: <UsersTable namespace={namespace.Arn ?? ""} /> },
                ]}
              />
            </SpaceBetween>
          )}
        </Shown>
      </SpaceBetween>
    </Frame>
  );
}

function Overview({ namespace }: { namespace: Namespace }) {
  const text = useText().namespaces;
  const dns = namespace.Properties?.DnsProperties;
  const ttl = dns?.SOA?.TTL;
  return (
    <Container header={<Header variant="h2">{text.overview}</Header>}>
      <Facts
        facts={[
          { label: text.arn, value: <Copied value={namespace.Arn} /> },
          { label: text.type, value: namespace.Type },
          { label: text.lookedUp, value: <LookedUpBy type={namespace.Type} /> },
          { label: text.httpName, value: <Copied value={namespace.Properties?.HttpProperties?.HttpName} /> },
          dns ? { label: text.zone, value: <Copied value={dns.HostedZoneId} /> } : null,
          ttl === undefined ? null : { label: text.ttl, value: text.seconds(ttl) },
          { label: text.owner, value: namespace.ResourceOwner },
          { label: text.created, value: <At at={namespace.CreateDate} /> },
        ]}
      />
    </Container>
  );
}
