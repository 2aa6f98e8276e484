import type { TargetGroup } from "@aws-sdk/client-elastic-load-balancing-v2";
import Box from "@cloudscape-design/components/box";
import { loadBalancerDimension, targetGroupDimension } from "../../aws/elb.ts";
import type { SeriesQuery } from "../../aws/series.ts";
import { useText } from "../../i18n/useText.ts";
import { type Chart, MetricCharts } from "../loadBalancers/MetricCharts.tsx";
import { isHttp } from "./healthCheckDraft.ts";

/** The metrics of a target group in CloudWatch. They also have the dimension of the load balancer that uses the group. */
export function TargetGroupCharts({ group }: { group: TargetGroup }) {
  const text = useText();
  const words = text.loadBalancers.monitoring;
  const [balancer] = group.LoadBalancerArns ?? [];
  if (balancer === undefined) return <Box color="text-body-secondary">{text.targetGroups.unused}</Box>;
  const dimension = { Name: "TargetGroup", Value: targetGroupDimension(group.TargetGroupArn) };
  const dimensions = [dimension, { Name: "LoadBalancer", Value: loadBalancerDimension(balancer) }];
  const isApplication = isHttp(group.Protocol);
  const namespace = isApplication ? "AWS/ApplicationELB" : "AWS/NetworkELB";
  const query = (label: string, metric: string, stat = "Sum"): SeriesQuery => ({ label, namespace, metric, stat, dimensions });
  const statuses = text.targetGroups.target.counts;
  const hosts: Chart = { title: words.hosts, kind: "line", queries: [query(statuses.healthy, "HealthyHostCount", "Minimum"), query(statuses.unhealthy, "UnHealthyHostCount", "Maximum")] };
  const http: readonly Chart[] = [
    { title: words.requests, kind: "line", queries: [query(words.requests, "RequestCount")] },
    { title: words.targetCodes, kind: "bar", queries: ["2XX", "3XX", "4XX", "5XX"].map((code) => query(code, `HTTPCode_Target_${code}_Count`)) },
    { title: words.time, unit: "ms", scale: 1000, kind: "line", queries: ["p50", "p95", "p99"].map((stat) => query(stat, "TargetResponseTime", stat)) },
    { title: words.perTarget, kind: "line", queries: [query(words.perTarget, "RequestCountPerTarget")] },
    { title: words.errors, kind: "line", queries: [query(words.targetErrors, "TargetConnectionErrorCount"), query(words.targetTls, "TargetTLSNegotiationErrorCount")] },
  ];
  return <MetricCharts id={dimension.Value} charts={isApplication ? [hosts, ...http] : [hosts]} />;
}
