import type { LoadBalancer as ServiceLoadBalancer, Service } from "@aws-sdk/client-ecs";
import type { LoadBalancer, Rule, TargetGroup } from "@aws-sdk/client-elastic-load-balancing-v2";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { groupsOf } from "../../aws/balancedServices.ts";
import { elbName } from "../../aws/elb.ts";
import { useText } from "../../i18n/useText.ts";
import { useLoadBalancers, useRule, useTargetGroups } from "../../live/elbQueries.ts";
import { Properties } from "../../parts/Properties.tsx";
import { Urls } from "../loadBalancers/DnsName.tsx";
import { Actions } from "../loadBalancers/ruleText.tsx";
import { TargetCounts } from "../targetGroups/TargetCounts.tsx";
import { LoadBalancerLinks } from "../targetGroups/TargetGroupsPage.tsx";

/** The load balancers of a service, with their URLs, the health of the service's targets, and the rules whose weights deployments shift. */
export function LoadBalancingTab({ service }: { service: Service }) {
  const text = useText().balancing;
  const entries = service.loadBalancers ?? [];
  if (entries.length === 0) {
    return (
      <Container header={<Header variant="h2">{text.title}</Header>}>
        <Box textAlign="center" padding="l">
          <b>{text.none}</b>
          <Box color="text-body-secondary">{text.noneDetail}</Box>
        </Box>
      </Container>
    );
  }
  return (
    <SpaceBetween size="l">
      {entries.map((entry) => <Entry key={`${entry.targetGroupArn ?? ""} ${entry.containerPort ?? 0}`} entry={entry} />)}
    </SpaceBetween>
  );
}

function Entry({ entry }: { entry: ServiceLoadBalancer }) {
  const text = useText().balancing;
  const groups = useTargetGroups().data ?? [];
  const balancers = useLoadBalancers().data ?? [];
  const arns = new Set(groupsOf(entry).flatMap((arn) => balancersOf(groups, arn)));
  const balancersOfEntry = balancers.filter(({ LoadBalancerArn = "" }) => arns.has(LoadBalancerArn));
  const { productionListenerRule: production, testListenerRule: test } = entry.advancedConfiguration ?? {};
  return (
    <Container header={<Header variant="h2">{text.container(entry.containerName ?? "", entry.containerPort ?? 0)}</Header>}>
      <Properties
        columns={3}
        items={[
          { label: text.loadBalancers, value: <LoadBalancerLinks arns={[...arns]} /> },
          { label: text.urls, value: balancersOfEntry.map((balancer: LoadBalancer) => <Urls key={balancer.LoadBalancerArn} balancer={balancer} />) },
          { label: text.targets, value: groupsOf(entry).map((arn) => <GroupHealth key={arn} arn={arn} />) },
          production === undefined ? null : { label: text.productionRule, value: <RuleShares rule={production} /> },
          test === undefined ? null : { label: text.testRule, value: <RuleShares rule={test} /> },
        ]}
      />
    </Container>
  );
}

function balancersOf(groups: readonly TargetGroup[], arn: string): readonly string[] {
  return groups.find(({ TargetGroupArn }) => TargetGroupArn === arn)?.LoadBalancerArns ?? [];
}

function GroupHealth({ arn }: { arn: string }) {
  return (
    <div>
      <div><Link href={href(paths.targetGroup(elbName(arn)))}>{elbName(arn)}</Link></div>
      <TargetCounts group={arn} />
    </div>
  );
}

/** The target groups of a rule, or of a listener's default action, with their current weights. */
export function RuleShares({ rule: arn }: { rule: string }) {
  const rule: Rule | undefined = useRule(arn).data;
  return <Actions actions={rule?.Actions} />;
}
