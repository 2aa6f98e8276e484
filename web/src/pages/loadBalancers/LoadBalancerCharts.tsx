import type { LoadBalancer } from "@aws-sdk/client-elastic-load-balancing-v2";
import { elbName, loadBalancerDimension, targetGroupDimension } from "../../aws/elb.ts";
import type { SeriesQuery } from "../../aws/series.ts";
import { useText } from "../../i18n/useText.ts";
import { useTargetGroups } from "../../live/elbQueries.ts";
import { type Chart, MetricCharts } from "./MetricCharts.tsx";

/** The metrics of a load balancer in CloudWatch. */
export function LoadBalancerCharts({ balancer }: { balancer: LoadBalancer }) {
  const text = useText().loadBalancers.monitoring;
  const groups = (useTargetGroups().data ?? []).filter(({ LoadBalancerArns }) => LoadBalancerArns?.includes(balancer.LoadBalancerArn ?? ""));
  const isNetwork = balancer.Type === "network";
  const namespace = isNetwork ? "AWS/NetworkELB" : "AWS/ApplicationELB";
  const dimension = { Name: "LoadBalancer", Value: loadBalancerDimension(balancer.LoadBalancerArn) };
  const query = (label: string, metric: string, stat = "Sum"): SeriesQuery => ({ label, namespace, metric, stat, dimensions: [dimension] });
  const hosts = groups.flatMap(({ TargetGroupArn, TargetGroupName = elbName(TargetGroupArn) }) => {
    const dimensions = [{ Name: "TargetGroup", Value: targetGroupDimension(TargetGroupArn) }, dimension];
    return [
      { label: text.healthy(TargetGroupName), namespace, metric: "HealthyHostCount", stat: "Minimum", dimensions },
      { label: text.unhealthy(TargetGroupName), namespace, metric: "UnHealthyHostCount", stat: "Maximum", dimensions },
    ];
  });
  const healthyHosts: Chart = { title: text.hosts, kind: "line", queries: hosts };
  const bytes: Chart = { title: text.bytes, kind: "line", queries: [query(text.bytes, "ProcessedBytes")] };
  const codes = (prefix: string, classes: readonly string[]) => classes.map((code) => query(code, `${prefix}_${code}_Count`));
  const application: readonly Chart[] = [
    { title: text.requests, kind: "line", queries: [query(text.requests, "RequestCount")] },
    { title: text.targetCodes, kind: "bar", queries: codes("HTTPCode_Target", ["2XX", "3XX", "4XX", "5XX"]) },
    { title: text.elbCodes, kind: "bar", queries: codes("HTTPCode_ELB", ["3XX", "4XX", "5XX"]) },
    { title: text.time, unit: "ms", scale: 1000, kind: "line", queries: ["p50", "p95", "p99"].map((stat) => query(stat, "TargetResponseTime", stat)) },
    healthyHosts,
    { title: text.connections, kind: "line", queries: [query(text.newConnections, "NewConnectionCount"), query(text.activeConnections, "ActiveConnectionCount", "Maximum")] },
    bytes,
    {
      title: text.errors,
      kind: "line",
      queries: [
        query(text.clientTls, "ClientTLSNegotiationErrorCount"),
        query(text.targetErrors, "TargetConnectionErrorCount"),
        query(text.targetTls, "TargetTLSNegotiationErrorCount"),
      ],
    },
  ];
  const network: readonly Chart[] = [
    { title: text.flows, kind: "line", queries: [query(text.newConnections, "NewFlowCount"), query(text.activeConnections, "ActiveFlowCount", "Maximum")] },
    bytes,
    healthyHosts,
    { title: text.errors, kind: "line", queries: [query(text.clientTls, "ClientTLSNegotiationErrorCount"), query(text.targetTls, "TargetTLSNegotiationErrorCount")] },
  ];
  return <MetricCharts id={dimension.Value} charts={isNetwork ? network : application} />;
}
