// The URLs at which a browser reaches a service: its load balancers, the names that ECS manages, and the addresses of its tasks.

import type { Service, Task } from "@aws-sdk/client-ecs";
import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMemo } from "react";
import { groupsOf } from "../../aws/balancedServices.ts";
import { interfaceOf } from "../../aws/networkInterfaces.ts";
import { useText } from "../../i18n/useText.ts";
import { useLoadBalancers, useTargetGroups } from "../../live/elbQueries.ts";
import { useManagedUrls, usePublicAddresses, usePublicGateway, useTasks } from "../../live/queries.ts";
import { CopyableUrl } from "../../parts/Properties.tsx";
import { Urls } from "../loadBalancers/DnsName.tsx";
import { serviceUrl } from "../tasks/publicPorts.ts";
import { TaskAddresses } from "../tasks/TaskAddresses.tsx";
import { PublicUrl } from "./PublicUrl.tsx";
import { clusterNameOf } from "./summary.ts";

const MAX_TASKS = 3; // the Tasks tab shows the others

/** All addresses of a service, as links with copy buttons. */
export function ServiceAddresses({ service }: { service: Service }) {
  const text = useText();
  const managed = useManagedUrls(service.currentServiceRevisions?.[0]?.arn).data ?? [];
  const gateway = usePublicGateway().data;
  const tasks = usePublicTasks(service);
  const hasBalancers = (service.loadBalancers ?? []).length > 0;
  if (!hasBalancers && managed.length === 0 && tasks.length === 0) return text.parts.none;
  return (
    <SpaceBetween size="xs">
      {managed.map(({ url, isPublic }) => <PublicUrl key={url} url={url} isPublic={isPublic} />)}
      {hasBalancers ? <BalancerUrls service={service} /> : null}
      {tasks.length > 0 && gateway?.httpPort ? <CopyableUrl url={serviceUrl(clusterNameOf(service), service.serviceName ?? "", gateway.httpPort)} /> : null}
      {tasks.slice(0, MAX_TASKS).map((task) => <TaskAddresses key={task.taskArn} task={task} />)}
      {tasks.length > MAX_TASKS ? <Box color="text-body-secondary">{text.services.moreAddresses(tasks.length - MAX_TASKS)}</Box> : null}
    </SpaceBetween>
  );
}

/** The running tasks of a service that have a public address. */
function usePublicTasks(service: Service): readonly Task[] {
  const tasks = useTasks({ cluster: clusterNameOf(service), serviceName: service.serviceName ?? "", desiredStatus: "RUNNING" }).data;
  const isPublic = service.networkConfiguration?.awsvpcConfiguration?.assignPublicIp === "ENABLED";
  const interfaces = useMemo(() => (isPublic ? (tasks ?? []).flatMap((task) => interfaceOf(task) ?? []).sort() : []), [isPublic, tasks]);
  const addresses = usePublicAddresses(interfaces).data;
  return (tasks ?? []).filter((task) => addresses?.has(interfaceOf(task) ?? ""));
}

function BalancerUrls({ service }: { service: Service }) {
  const groups = useTargetGroups().data ?? [];
  const balancers = useLoadBalancers().data ?? [];
  const serviceGroups = new Set((service.loadBalancers ?? []).flatMap(groupsOf));
  const arns = new Set(groups.filter(({ TargetGroupArn = "" }) => serviceGroups.has(TargetGroupArn)).flatMap(({ LoadBalancerArns = [] }) => LoadBalancerArns));
  return balancers.filter(({ LoadBalancerArn = "" }) => arns.has(LoadBalancerArn)).map((balancer) => <Urls key={balancer.LoadBalancerArn} balancer={balancer} />);
}
