import type { LoadBalancer } from "@aws-sdk/client-elastic-load-balancing-v2";
import Button from "@cloudscape-design/components/button";
import Link from "@cloudscape-design/components/link";
import type { TableProps } from "@cloudscape-design/components/table";
import { PageLayout } from "../../app/PageLayout.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { useText } from "../../i18n/useText.ts";
import { useLoadBalancers } from "../../live/elbQueries.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Status } from "../../parts/Status.tsx";
import { RelativeTime } from "../../parts/Time.tsx";
import { DnsName } from "./DnsName.tsx";

/** All load balancers of the account and Region. */
export default function LoadBalancersPage() {
  const text = useText().loadBalancers;
  const create = <Button variant="primary" href={href(paths.createLoadBalancer)}>{text.create}</Button>;
  return (
    <PageLayout title={text.title} breadcrumbs={[{ text: text.title }]} contentType="table">
      <LiveTable
        variant="full-page"
        query={useLoadBalancers()}
        id={(balancer) => balancer.LoadBalancerArn ?? ""}
        title={text.title}
        filter={text.find}
        columns={useColumns()}
        actions={create}
        empty={{ title: text.empty, detail: text.emptyDetail, action: create }}
        wrap
      />
    </PageLayout>
  );
}

function useColumns(): TableProps.ColumnDefinition<LoadBalancer>[] {
  const text = useText().loadBalancers;
  return [
    {
      id: "name",
      header: text.name,
      cell: ({ LoadBalancerName: name = "" }) => <Link href={href(paths.loadBalancer(name))}>{name}</Link>,
      sortingField: "LoadBalancerName",
      isRowHeader: true,
    },
    { id: "state", header: text.state, cell: (balancer) => <Status status={balancer.State?.Code} />, sortingComparator: byState, minWidth: 150 },
    { id: "type", header: text.type, cell: (balancer) => text.types[balancer.Type ?? "application"], sortingField: "Type" },
    { id: "scheme", header: text.scheme, cell: (balancer) => text.schemes[balancer.Scheme ?? "internal"], sortingField: "Scheme" },
    { id: "dns", header: text.dnsName, cell: (balancer) => <DnsName balancer={balancer} />, sortingField: "DNSName" },
    { id: "vpc", header: text.vpc, cell: (balancer) => balancer.VpcId, sortingField: "VpcId" },
    { id: "zones", header: text.zones, cell: (balancer) => zonesOf(balancer).join(", ") },
    { id: "created", header: text.created, cell: (balancer) => <RelativeTime date={balancer.CreatedTime} />, sortingField: "CreatedTime" },
  ];
}

function byState(a: LoadBalancer, b: LoadBalancer): number {
  return (a.State?.Code ?? "").localeCompare(b.State?.Code ?? "");
}

function zonesOf(balancer: LoadBalancer): string[] {
  return (balancer.AvailabilityZones ?? []).map(({ ZoneName = "" }) => ZoneName);
}
