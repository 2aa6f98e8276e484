// Reads and deletes managed daemons, and reads their deployments, revisions and task definitions.

import {
  type DaemonDeployment,
  type DaemonDetail,
  type DaemonRevision,
  type DaemonTaskDefinition,
  type DaemonTaskDefinitionSummary,
  DeleteDaemonCommand,
  DeleteDaemonTaskDefinitionCommand,
  DescribeDaemonCommand,
  DescribeDaemonDeploymentsCommand,
  DescribeDaemonRevisionsCommand,
  DescribeDaemonTaskDefinitionCommand,
  ListDaemonDeploymentsCommand,
  ListDaemonsCommand,
  ListDaemonTaskDefinitionsCommand,
} from "@aws-sdk/client-ecs";
import { readUnlessGone } from "./apiError.ts";
import { ecsArn } from "./arn.ts";
import type { Target } from "./config.ts";
import { ecs } from "./ecs.ts";
import { readEcsTags } from "./ecsTags.ts";
import { mapConcurrently } from "./mapConcurrently.ts";
import type { Tags } from "./tags.ts";

const DEPLOYMENTS = 20; // the limit of DescribeDaemonDeployments
const MAX_DEFINITIONS = 500;

/** A daemon with its newest revision and its tags. */
export interface Daemon {
  readonly daemon: DaemonDetail;
  readonly revision: DaemonRevision | undefined;
  readonly tags: Tags;
}

/** All daemons of a cluster. */
export async function readDaemons(target: Target, cluster: string, abortSignal: AbortSignal): Promise<DaemonDetail[]> {
  const daemons: DaemonDetail[] = [];
  let nextToken: string | undefined;
  do {
    const page = await ecs(target).send(new ListDaemonsCommand({ clusterArn: ecsArn(target.scope, `cluster/${cluster}`), nextToken }), { abortSignal });
    const described = await mapConcurrently(page.daemonSummariesList ?? [], ({ daemonArn }) => readUnlessGone(describe(target, daemonArn, abortSignal), "DaemonNotFoundException"));
    daemons.push(...described.filter((daemon) => daemon !== undefined));
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return daemons;
}

export async function readDaemon(target: Target, cluster: string, name: string, signal: AbortSignal): Promise<Daemon> {
  const arn = daemonArn(target, cluster, name);
  const [daemon, tags] = await Promise.all([describe(target, arn, signal), readEcsTags(target, arn, signal)]);
  const newest = daemon.currentRevisions?.[0]?.arn;
  const [revision] = newest === undefined ? [] : await readDaemonRevisions(target, [newest], signal);
  return { daemon, revision, tags };
}

async function describe(target: Target, arn: string | undefined, abortSignal: AbortSignal): Promise<DaemonDetail> {
  return (await ecs(target).send(new DescribeDaemonCommand({ daemonArn: arn }), { abortSignal })).daemon ?? {};
}

async function readDaemonRevisions(target: Target, daemonRevisionArns: string[], abortSignal: AbortSignal): Promise<DaemonRevision[]> {
  return (await ecs(target).send(new DescribeDaemonRevisionsCommand({ daemonRevisionArns }), { abortSignal })).daemonRevisions ?? [];
}

/** The newest deployments of a daemon, newest first. */
export async function readDaemonDeployments(target: Target, arn: string, abortSignal: AbortSignal): Promise<DaemonDeployment[]> {
  const client = ecs(target);
  const { daemonDeployments: listed = [] } = await client.send(new ListDaemonDeploymentsCommand({ daemonArn: arn, maxResults: DEPLOYMENTS }), { abortSignal });
  const daemonDeploymentArns = listed.flatMap(({ daemonDeploymentArn }) => daemonDeploymentArn ?? []);
  if (daemonDeploymentArns.length === 0) return [];
  const { daemonDeployments = [] } = await client.send(new DescribeDaemonDeploymentsCommand({ daemonDeploymentArns }), { abortSignal });
  return daemonDeployments.sort((a, b) => Number(b.createdAt) - Number(a.createdAt));
}

/** Starts the deletion of a daemon. */
export async function deleteDaemon(target: Target, cluster: string, name: string): Promise<void> {
  await ecs(target).send(new DeleteDaemonCommand({ daemonArn: daemonArn(target, cluster, name) }));
}

/** The newest active daemon task definitions. */
export async function readDaemonDefinitions(target: Target, abortSignal: AbortSignal): Promise<DaemonTaskDefinitionSummary[]> {
  const definitions: DaemonTaskDefinitionSummary[] = [];
  let nextToken: string | undefined;
  do {
    const page = await ecs(target).send(new ListDaemonTaskDefinitionsCommand({ status: "ACTIVE", sort: "DESC", nextToken }), { abortSignal });
    definitions.push(...(page.daemonTaskDefinitions ?? []));
    nextToken = page.nextToken;
  } while (nextToken !== undefined && definitions.length < MAX_DEFINITIONS);
  return definitions.slice(0, MAX_DEFINITIONS);
}

/** A daemon task definition, given its ARN or `family:revision`. */
export async function readDaemonDefinition(target: Target, daemonTaskDefinition: string, abortSignal: AbortSignal): Promise<DaemonTaskDefinition> {
  return (await ecs(target).send(new DescribeDaemonTaskDefinitionCommand({ daemonTaskDefinition }), { abortSignal })).daemonTaskDefinition ?? {};
}

export async function deleteDaemonDefinition(target: Target, daemonTaskDefinition: string): Promise<void> {
  await ecs(target).send(new DeleteDaemonTaskDefinitionCommand({ daemonTaskDefinition }));
}

function daemonArn(target: Target, cluster: string, name: string): string {
  return ecsArn(target.scope, `daemon/${cluster}/${name}`);
}
