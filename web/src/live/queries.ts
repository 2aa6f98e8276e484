// Live queries that several pages share.

import { familyOf } from "../aws/arn.ts";
import { readClusters, readCluster } from "../aws/clusters.ts";
import { readDeployments, readManagedUrls } from "../aws/deployments.ts";
import { readDiscoveryService } from "../aws/discoveryServices.ts";
import { readNetworks } from "../aws/ec2.ts";
import { readFindings } from "../aws/findings.ts";
import { readExpressService } from "../aws/expressServices.ts";
import { readNamespace, readNamespaces } from "../aws/namespaces.ts";
import { readPublicAddresses } from "../aws/networkInterfaces.ts";
import { readPublicGateway } from "../aws/publicGateway.ts";
import { readService, readServices } from "../aws/services.ts";
import { readTaskDefinition, readFamilies, readRevision, readRevisionsOf } from "../aws/taskDefinitions.ts";
import { readTask, readTasks, type TaskFilter } from "../aws/tasks.ts";
import { useTarget } from "../aws/useTarget.ts";
import { useLive } from "./useLive.ts";

export function useClusters() {
  const target = useTarget();
  return useLive(["clusters"], [{ kind: "cluster" }, { kind: "service" }, { kind: "task" }], (signal) => readClusters(target, signal));
}

export function useCluster(cluster: string) {
  const target = useTarget();
  const topics = [{ kind: "cluster", cluster }, { kind: "service", cluster }, { kind: "task", cluster }];
  return useLive(["cluster", cluster], topics, (signal) => readCluster(target, cluster, signal));
}

export function useServices(cluster: string) {
  const target = useTarget();
  return useLive(["services", cluster], [{ kind: "service", cluster }, { kind: "task", cluster }], (signal) => readServices(target, cluster, signal));
}

export function useService(cluster: string, name: string) {
  const target = useTarget();
  const topics = [{ kind: "service", cluster }, { kind: "service-events", cluster }, { kind: "task", cluster }];
  return useLive(["service", cluster, name], topics, (signal) => readService(target, cluster, name, signal));
}

/** The problems that `moyai doctor` finds for a service. */
export function useFindings(cluster: string, service: string) {
  const target = useTarget();
  const topics = [{ kind: "service", cluster }, { kind: "service-events", cluster }, { kind: "task", cluster }];
  return useLive(["findings", service], topics, (signal) => readFindings(target, service, signal));
}

/** A service; undefined without a name. */
export function useServiceOrNone(cluster: string, name: string | undefined) {
  const target = useTarget();
  const topics = [{ kind: "service", cluster }];
  return useLive(["service-or-none", cluster, name], topics, (signal) => (name === undefined ? Promise.resolve(undefined) : readService(target, cluster, name, signal)));
}

export function useTasks(filter: TaskFilter) {
  const target = useTarget();
  const { cluster, serviceName, daemonName, desiredStatus } = filter;
  return useLive(["tasks", cluster, serviceName, daemonName, desiredStatus], [{ kind: "task", cluster }], (signal) => readTasks(target, filter, signal));
}

export function useTask(cluster: string, id: string) {
  const target = useTarget();
  return useLive(["task", cluster, id], [{ kind: "task", cluster }], (signal) => readTask(target, cluster, id, signal));
}

export function useDeployments(cluster: string, service: string) {
  const target = useTarget();
  const topics = [{ kind: "service-deployment", cluster }, { kind: "service", cluster }, { kind: "task", cluster }];
  return useLive(["deployments", cluster, service], topics, (signal) => readDeployments(target, cluster, service, signal));
}

/** The URLs that ECS manages for a revision of a service. */
export function useManagedUrls(revision: string | undefined) {
  const target = useTarget();
  const topics = [{ kind: "service-revision" }, { kind: "service" }];
  return useLive(["managed-urls", revision], topics, (signal) => readManagedUrls(target, revision === undefined ? [] : [revision], signal));
}

export function useExpressService(cluster: string, name: string) {
  const target = useTarget();
  const topics = [{ kind: "express-service", cluster }, { kind: "service", cluster }];
  return useLive(["express-service", cluster, name], topics, (signal) => readExpressService(target, cluster, name, signal));
}

export function useNamespaces() {
  const target = useTarget();
  return useLive(["namespaces"], [{ kind: "namespace" }, { kind: "discovery-service" }], () => readNamespaces(target));
}

export function useNamespace(id: string) {
  const target = useTarget();
  return useLive(["namespace", id], [{ kind: "namespace" }, { kind: "discovery-service" }], (signal) => readNamespace(target, id, signal));
}

export function useDiscoveryService(id: string) {
  const target = useTarget();
  return useLive(["discovery-service", id], [{ kind: "discovery-service" }, { kind: "instance" }], (signal) => readDiscoveryService(target, id, signal));
}

/** The public addresses of network interfaces, by their ids. */
export function usePublicAddresses(interfaces: readonly string[]) {
  const target = useTarget();
  return useLive(["public-addresses", ...interfaces], [{ kind: "task" }], (signal) => readPublicAddresses(target, interfaces, signal));
}

/** The server's ports that lead callers on other machines to public addresses. */
export function usePublicGateway() {
  const target = useTarget();
  return useLive(["public-gateway"], [{ kind: "task" }, { kind: "load-balancer" }, { kind: "listener" }], (signal) => readPublicGateway(target, signal));
}

/** The subnets and security groups of all VPCs. */
export function useNetworks() {
  const target = useTarget();
  return useLive(["networks"], [{ kind: "vpc" }], () => readNetworks(target));
}

export function useFamilies() {
  const target = useTarget();
  return useLive(["families"], [{ kind: "task-definition" }], () => readFamilies(target));
}

/** The active revisions of a family, newest first; empty without a family. */
export function useRevisionsOf(family: string) {
  const target = useTarget();
  return useLive(["revisions", family], [{ kind: "task-definition" }], () => (family ? readRevisionsOf(target, family) : Promise.resolve([])));
}

/** A task definition; undefined without `definition`. */
export function useDefinition(definition: string | undefined) {
  const target = useTarget();
  return useLive(["definition", definition], [], (signal) => (definition ? readTaskDefinition(target, definition, signal) : Promise.resolve(undefined)));
}

/** All families, each with whether it has an active revision. */
export function useAllFamilies() {
  const target = useTarget();
  return useLive(["all-families"], [{ kind: "task-definition" }], async () => {
    const [active, inactive] = await Promise.all([readFamilies(target), readFamilies(target, "INACTIVE")]);
    return [...active.map((family) => ({ family, status: "ACTIVE" })), ...inactive.map((family) => ({ family, status: "INACTIVE" }))];
  });
}

/** All revisions of a family, newest first. */
export function useAllRevisions(family: string) {
  const target = useTarget();
  return useLive(["all-revisions", family], [{ kind: "task-definition" }], async () => {
    const [active, inactive] = await Promise.all([readRevisionsOf(target, family), readRevisionsOf(target, family, "INACTIVE")]);
    const numbered = (status: string) => (arn: string) => ({ revision: Number(familyOf(arn).revision), status });
    const all = [...active.map(numbered("ACTIVE")), ...inactive.map(numbered("INACTIVE"))];
    return all.sort((a, b) => b.revision - a.revision);
  });
}

/** A revision with its tags. */
export function useRevision(family: string, revision: string) {
  const target = useTarget();
  return useLive(["revision", family, revision], [{ kind: "task-definition" }], (signal) => readRevision(target, `${family}:${revision}`, signal));
}
