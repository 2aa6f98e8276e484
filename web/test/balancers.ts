// Recorded API responses about a load balancer in front of a service; `make fixtures` records them again.

import recorded from "./fixtures/balancers.json" with { type: "json" };
import { answers as shopAnswers } from "./shop.ts";

const { arns, refusals, DescribeTargetGroup: _, ...bodies } = recorded;

export { arns, refusals };

/** Of DescribeTargetGroups, with the names it is asked for. */
function describeTargetGroups(input: Readonly<Record<string, unknown>>): string {
  return "Names.member.1" in input ? recorded.DescribeTargetGroup : recorded.DescribeTargetGroups;
}

const dnsName = /<DNSName>(.*?)</.exec(bodies.DescribeLoadBalancers)?.[1] ?? "";
const cluster = shopAnswers.DescribeClusters.clusters.filter(({ clusterName }) => clusterName === "shop");

/** The responses that the pages of load balancers and target groups need. */
export const answers: Readonly<Record<string, unknown>> = {
  ...shopAnswers,
  ...bodies,
  DescribeTargetGroups: describeTargetGroups,
  ListClusters: { clusterArns: cluster.map(({ clusterArn }) => clusterArn) },
  DescribeClusters: { clusters: cluster },
  ListTasks: ({ desiredStatus }: { desiredStatus?: string }) => (desiredStatus === "STOPPED" ? { taskArns: [] } : bodies.ListTasks),
  gateway: { httpPort: 8080, httpsPort: null, ports: [], listeners: [{ loadBalancer: arns.balancer, port: 80, url: `http://${dnsName}:8080` }] },
};

/** A recorded body in which one text is another. */
export function altered(operation: keyof typeof bodies, from: string, to: string): string {
  const body = bodies[operation];
  if (typeof body !== "string" || !body.includes(from)) throw new Error(`${operation} has no ${from}`);
  return body.replace(from, to);
}
