import type { Gateway } from "@aws-sdk/client-ecs";
import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { paths } from "../../app/paths.ts";
import { readGateway } from "../../aws/gateways.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { EcsTags } from "../../parts/EditableTags.tsx";
import { PathTabs } from "../../parts/PathTabs.tsx";
import { CopyableValue, Properties } from "../../parts/Properties.tsx";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { Status } from "../../parts/Status.tsx";
import { Timestamp } from "../../parts/Time.tsx";
import { AssociationsTab } from "./AssociationsTab.tsx";
import { BalancersTab } from "./BalancersTab.tsx";
import { GatewayActions } from "./GatewayActions.tsx";
import { RoutesTab } from "./RoutesTab.tsx";

/** A gateway: its routes with their URLs, the clusters whose services may join, and the load balancers that they share. */
export default function GatewayPage() {
  const text = useText().gateways;
  const target = useTarget();
  const { gateway: name = "", tab } = useParams();
  const query = useLive(["gateway", name], [{ kind: "gateway" }, { kind: "ingress-path" }], (signal) => readGateway(target, name, signal));
  const { reload } = query;
  const tabs = (gateway: Gateway) => [
    { id: "routes", label: text.tabs.routes, content: <RoutesTab gateway={name} isPublic={gateway.accessType === "PUBLIC"} /> },
    { id: "clusters", label: text.tabs.clusters, content: <AssociationsTab gateway={name} /> },
    { id: "load-balancers", label: text.tabs.balancers, content: <BalancersTab gateway={name} /> },
    { id: "tags", label: text.tabs.tags, content: <EcsTags arn={gateway.gatewayArn} tags={gateway.tags ?? []} onChanged={reload} /> },
  ];
  return (
    <PageLayout title={name} breadcrumbs={[{ text: text.title, path: paths.gateways }, { text: name }]}>
      <SpaceBetween size="l">
        <Header variant="h1" actions={<GatewayActions name={name} isProtected={query.data?.deletionProtection} onChanged={reload} />}>{name}</Header>
        <QueryContent query={query}>
          {(gateway) => (
            <SpaceBetween size="l">
              {gateway.statusReason ? <Alert type="error" header={text.failed}>{gateway.statusReason}</Alert> : null}
              <Overview gateway={gateway} />
              <PathTabs label={name} tabs={tabs(gateway)} active={tab} path={(id) => paths.gateway(name, id)} />
            </SpaceBetween>
          )}
        </QueryContent>
      </SpaceBetween>
    </PageLayout>
  );
}

function Overview({ gateway }: { gateway: Gateway }) {
  const text = useText();
  const words = text.gateways;
  const { networkConfiguration: network, testTrafficRules, accessLogs, ...balancer } = gateway.configuration?.hostSharedAlb ?? {};
  const header = testTrafficRules?.header;
  const logs = accessLogs?.destination?.s3;
  return (
    <Container header={<Header variant="h2">{words.overview}</Header>}>
      <Properties
        items={[
          { label: words.status, value: <Status status={gateway.status} /> },
          { label: words.access, value: gateway.accessType === undefined ? null : text.express.accessTypes[gateway.accessType] },
          { label: words.listener, value: [balancer.protocol, balancer.port].filter(Boolean).join(" ") },
          { label: words.balancers, value: words.balancersOf(balancer.currentAlbCount ?? 0, balancer.maxAlbCount ?? 0) },
          { label: words.subnets, value: network?.subnets?.map((id) => <div key={id}>{id}</div>) },
          { label: words.inboundGroup, value: network?.inboundSecurityGroup },
          { label: words.testHeader, value: header === undefined ? null : `${header.name ?? ""}: ${(header.values ?? []).join(", ")}` },
          { label: words.accessLogs, value: logs === undefined ? null : `s3://${logs.bucket ?? ""}/${logs.prefix ?? ""}` },
          { label: words.protection, value: gateway.deletionProtection ? text.parts.on : text.parts.off },
          { label: words.role, value: gateway.infrastructureRoleArn },
          { label: words.created, value: <Timestamp date={gateway.createdAt} /> },
          { label: words.arn, value: <CopyableValue value={gateway.gatewayArn} /> },
        ]}
      />
    </Container>
  );
}
