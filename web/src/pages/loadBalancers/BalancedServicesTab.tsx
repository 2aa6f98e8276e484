import type { LoadBalancer as ServiceLoadBalancer, Service } from "@aws-sdk/client-ecs";
import Link from "@cloudscape-design/components/link";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { nameOf } from "../../aws/arn.ts";
import { groupsOf } from "../../aws/balancedServices.ts";
import { elbName } from "../../aws/elb.ts";
import { useText } from "../../i18n/useText.ts";
import { useBalancedServices, useTargetGroups } from "../../live/elbQueries.ts";
import { joinQueries } from "../../live/useLive.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { TaskCounts } from "../../parts/TaskCounts.tsx";

interface Row {
  readonly service: Service;
  readonly entry: ServiceLoadBalancer;
}

/** The ECS services whose tasks are targets of a load balancer. */
export function BalancedServicesTab({ loadBalancer }: { loadBalancer: string }) {
  const text = useText().loadBalancers.services;
  const query = joinQueries(useTargetGroups(), useBalancedServices(), (groups, services) => {
    const groupArns = new Set(groups.filter(({ LoadBalancerArns }) => LoadBalancerArns?.includes(loadBalancer)).map(({ TargetGroupArn }) => TargetGroupArn));
    return services.flatMap((service) =>
      (service.loadBalancers ?? []).filter((entry) => groupsOf(entry).some((arn) => groupArns.has(arn))).map((entry): Row => ({ service, entry })),
    );
  });
  return (
    <LiveTable
      query={query}
      id={({ service, entry }) => `${service.serviceArn ?? ""} ${entry.targetGroupArn ?? ""}`}
      title={text.title}
      description={text.description}
      filter={text.find}
      empty={{ title: text.none, detail: text.noneDetail }}
      columns={[
        { id: "service", header: text.name, cell: ({ service }) => <ServiceLink service={service} />, isRowHeader: true },
        { id: "cluster", header: text.cluster, cell: ({ service }) => nameOf(service.clusterArn) },
        {
          id: "group",
          header: text.targetGroup,
          cell: ({ entry }) => groupsOf(entry).map((arn) => <div key={arn}><Link href={href(paths.targetGroup(elbName(arn)))}>{elbName(arn)}</Link></div>),
        },
        { id: "container", header: text.container, cell: ({ entry }) => `${entry.containerName ?? ""}:${entry.containerPort ?? 0}` },
        { id: "tasks", header: text.tasks, cell: ({ service }) => <TaskCounts running={service.runningCount} desired={service.desiredCount} pending={service.pendingCount} />, minWidth: 190 },
      ]}
    />
  );
}

export function ServiceLink({ service }: { service: Service }) {
  return <Link href={href(paths.service(nameOf(service.clusterArn), service.serviceName ?? ""))}>{service.serviceName}</Link>;
}
