import type { LoadBalancer } from "@aws-sdk/client-elastic-load-balancing-v2";
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useNavigate, useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { loadBalancerDimension } from "../../aws/elb.ts";
import { deleteLoadBalancer } from "../../aws/loadBalancers.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLoadBalancer } from "../../live/elbQueries.ts";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";
import { PathTabs } from "../../parts/PathTabs.tsx";
import { CopyableValue, Properties } from "../../parts/Properties.tsx";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { Status } from "../../parts/Status.tsx";
import { Timestamp } from "../../parts/Time.tsx";
import { AttributesTab } from "./AttributesTab.tsx";
import { BalancedServicesTab } from "./BalancedServicesTab.tsx";
import { DnsName, Urls } from "./DnsName.tsx";
import { ElbTagsTab } from "./ElbTagsTab.tsx";
import { ListenersTab } from "./ListenersTab.tsx";
import { LoadBalancerCharts } from "./LoadBalancerCharts.tsx";
import { NetworkMappingTab } from "./NetworkMappingTab.tsx";
import { SecurityTab } from "./SecurityTab.tsx";

/** A load balancer: its URLs, its listeners, and a tab for each other aspect. */
export default function LoadBalancerPage() {
  const text = useText().loadBalancers;
  const { balancer: name = "", tab } = useParams();
  const navigate = useNavigate();
  const query = useLoadBalancer(name);
  const [deleting, setDeleting] = useState(false);
  return (
    <PageLayout title={name} breadcrumbs={[{ text: text.title, path: paths.loadBalancers }, { text: name }]}>
      <SpaceBetween size="l">
        <Header
          variant="h1"
          actions={
            <SpaceBetween size="xs" direction="horizontal">
              <Button href={href(paths.trafficAround(`elb/${loadBalancerDimension(query.data?.LoadBalancerArn)}`))} disabled={!query.data}>{text.traffic}</Button>
              <Button disabled={!query.data} onClick={() => { setDeleting(true); }}>{text.delete.open}</Button>
            </SpaceBetween>
          }
        >
          {name}
        </Header>
        <QueryContent query={query}>
          {(balancer) => (
            <SpaceBetween size="l">
              <StateAlert balancer={balancer} />
              <Overview balancer={balancer} />
              <LoadBalancerTabs balancer={balancer} active={tab} />
            </SpaceBetween>
          )}
        </QueryContent>
      </SpaceBetween>
      {deleting && query.data ? (
        <DeleteLoadBalancer balancer={query.data} onClose={() => { setDeleting(false); }} onDone={() => { void navigate(paths.loadBalancers); }} />
      ) : null}
    </PageLayout>
  );
}

/** Why the load balancer is not active. */
function StateAlert({ balancer }: { balancer: LoadBalancer }) {
  const text = useText().loadBalancers;
  const { Code: code, Reason: reason } = balancer.State ?? {};
  if (code === "active" || reason === undefined) return null;
  return <Alert type={code === "failed" ? "error" : "warning"} header={text.notActive(balancer.LoadBalancerName ?? "")}>{reason}</Alert>;
}

function Overview({ balancer }: { balancer: LoadBalancer }) {
  const text = useText().loadBalancers;
  const zones = (balancer.AvailabilityZones ?? []).map(({ ZoneName = "" }) => ZoneName).join(", ");
  return (
    <Container header={<Header variant="h2">{text.overview}</Header>}>
      <Properties
        items={[
          { label: text.state, value: <Status status={balancer.State?.Code} /> },
          { label: text.urls, value: <Urls balancer={balancer} /> },
          { label: text.dnsName, value: <DnsName balancer={balancer} /> },
          { label: text.arn, value: <CopyableValue value={balancer.LoadBalancerArn} /> },
          { label: text.type, value: text.types[balancer.Type ?? "application"] },
          { label: text.scheme, value: text.schemes[balancer.Scheme ?? "internal"] },
          { label: text.vpc, value: balancer.VpcId },
          { label: text.zones, value: zones },
          { label: text.ipAddressType, value: balancer.IpAddressType },
          { label: text.hostedZone, value: balancer.CanonicalHostedZoneId },
          { label: text.created, value: <Timestamp date={balancer.CreatedTime} /> },
        ]}
      />
    </Container>
  );
}

function LoadBalancerTabs({ balancer, active }: { balancer: LoadBalancer; active: string | undefined }) {
  const text = useText().loadBalancers.tabs;
  const { LoadBalancerName: name = "", LoadBalancerArn: arn = "" } = balancer;
  const tabs = [
    { id: "listeners", label: text.listeners, content: <ListenersTab balancer={balancer} /> },
    { id: "services", label: text.services, content: <BalancedServicesTab loadBalancer={arn} /> },
    { id: "network", label: text.network, content: <NetworkMappingTab balancer={balancer} /> },
    { id: "security", label: text.security, content: <SecurityTab balancer={balancer} /> },
    { id: "monitoring", label: text.monitoring, content: <LoadBalancerCharts balancer={balancer} /> },
    { id: "attributes", label: text.attributes, content: <AttributesTab owner="loadBalancer" arn={arn} /> },
    { id: "tags", label: text.tags, content: <ElbTagsTab arn={arn} /> },
  ];
  return <PathTabs label={name} tabs={tabs} active={active} path={(id) => paths.loadBalancer(name, id)} />;
}

interface DeleteLoadBalancerProps {
  readonly balancer: LoadBalancer;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

function DeleteLoadBalancer({ balancer, onClose, onDone }: DeleteLoadBalancerProps) {
  const text = useText().loadBalancers.delete;
  const target = useTarget();
  const { LoadBalancerName: name = "", LoadBalancerArn: arn = "" } = balancer;
  return (
    <ConfirmDialog
      title={text.title(name)}
      effect={text.effect}
      action={text.action}
      done={text.done(name)}
      confirmationWord={name}
      perform={() => deleteLoadBalancer(target, arn)}
      onClose={onClose}
      onDone={onDone}
    />
  );
}
