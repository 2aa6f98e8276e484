import type { TargetGroup } from "@aws-sdk/client-elastic-load-balancing-v2";
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useNavigate, useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { paths } from "../../app/paths.ts";
import { entryOf } from "../../aws/balancedServices.ts";
import { deleteTargetGroup } from "../../aws/targetGroups.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useBalancedServices, useTargetGroup } from "../../live/elbQueries.ts";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";
import { PathTabs } from "../../parts/PathTabs.tsx";
import { CopyableValue, Properties } from "../../parts/Properties.tsx";
import { QueryContent } from "../../parts/QueryContent.tsx";
import { AttributesTab } from "../loadBalancers/AttributesTab.tsx";
import { ServiceLink } from "../loadBalancers/BalancedServicesTab.tsx";
import { ElbTagsTab } from "../loadBalancers/ElbTagsTab.tsx";
import { HealthCheckTab } from "./HealthCheckTab.tsx";
import { TargetCounts } from "./TargetCounts.tsx";
import { TargetGroupCharts } from "./TargetGroupCharts.tsx";
import { LoadBalancerLinks, protocolPort, targetType } from "./TargetGroupsPage.tsx";
import { TargetsTable } from "./TargetsTable.tsx";

/** A target group with its targets and their health. */
export default function TargetGroupPage() {
  const text = useText().targetGroups;
  const { group: name = "", tab } = useParams();
  const navigate = useNavigate();
  const query = useTargetGroup(name);
  const [deleting, setDeleting] = useState(false);
  return (
    <PageLayout title={name} breadcrumbs={[{ text: text.title, path: paths.targetGroups }, { text: name }]}>
      <SpaceBetween size="l">
        <Header variant="h1" actions={<Button disabled={!query.data} onClick={() => { setDeleting(true); }}>{text.delete.open}</Button>}>{name}</Header>
        <QueryContent query={query}>
          {(group) => (
            <SpaceBetween size="l">
              {group.LoadBalancerArns?.length ? null : <Alert type="info">{text.unused}</Alert>}
              <Overview group={group} />
              <TargetGroupTabs group={group} active={tab} />
            </SpaceBetween>
          )}
        </QueryContent>
      </SpaceBetween>
      {deleting && query.data ? (
        <DeleteTargetGroup group={query.data} onClose={() => { setDeleting(false); }} onDone={() => { void navigate(paths.targetGroups); }} />
      ) : null}
    </PageLayout>
  );
}

function Overview({ group }: { group: TargetGroup }) {
  const text = useText().targetGroups;
  const services = (useBalancedServices().data ?? []).filter((service) => entryOf(service, group.TargetGroupArn));
  return (
    <Container header={<Header variant="h2">{text.overview}</Header>}>
      <Properties
        items={[
          { label: text.target.state, value: <TargetCounts group={group.TargetGroupArn ?? ""} /> },
          { label: text.services, value: services.length === 0 ? null : services.map((service) => <div key={service.serviceArn}><ServiceLink service={service} /></div>) },
          { label: text.loadBalancers, value: <LoadBalancerLinks arns={group.LoadBalancerArns ?? []} /> },
          { label: text.arn, value: <CopyableValue value={group.TargetGroupArn} /> },
          { label: text.protocolPort, value: protocolPort(group) },
          { label: text.version, value: group.ProtocolVersion },
          { label: text.targetType, value: targetType(group, text.types) },
          { label: text.vpc, value: group.VpcId },
        ]}
      />
    </Container>
  );
}

function TargetGroupTabs({ group, active }: { group: TargetGroup; active: string | undefined }) {
  const text = useText().targetGroups.tabs;
  const { TargetGroupName: name = "", TargetGroupArn: arn = "" } = group;
  const tabs = [
    { id: "targets", label: text.targets, content: <TargetsTable group={group} /> },
    { id: "monitoring", label: text.monitoring, content: <TargetGroupCharts group={group} /> },
    { id: "health-check", label: text.healthCheck, content: <HealthCheckTab group={group} /> },
    { id: "attributes", label: text.attributes, content: <AttributesTab owner="targetGroup" arn={arn} /> },
    { id: "tags", label: text.tags, content: <ElbTagsTab arn={arn} /> },
  ];
  return <PathTabs label={name} tabs={tabs} active={active} path={(id) => paths.targetGroup(name, id)} />;
}

function DeleteTargetGroup({ group, onClose, onDone }: { group: TargetGroup; onClose: () => void; onDone: () => void }) {
  const text = useText().targetGroups.delete;
  const target = useTarget();
  const { TargetGroupName: name = "", TargetGroupArn: arn = "" } = group;
  return (
    <ConfirmDialog
      title={text.title(name)}
      effect={text.effect}
      action={text.action}
      done={text.done(name)}
      confirmationWord={name}
      perform={() => deleteTargetGroup(target, arn)}
      onClose={onClose}
      onDone={onDone}
    />
  );
}
