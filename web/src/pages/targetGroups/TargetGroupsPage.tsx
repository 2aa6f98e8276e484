import type { TargetGroup } from "@aws-sdk/client-elastic-load-balancing-v2";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Link from "@cloudscape-design/components/link";
import type { TableProps } from "@cloudscape-design/components/table";
import { PageLayout } from "../../app/PageLayout.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { elbName } from "../../aws/elb.ts";
import { useText } from "../../i18n/useText.ts";
import { useTargetGroups } from "../../live/elbQueries.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { TargetCounts } from "./TargetCounts.tsx";

/** All target groups of the account and Region. */
export default function TargetGroupsPage() {
  const text = useText().targetGroups;
  const create = <Button variant="primary" href={href(paths.createTargetGroup)}>{text.create}</Button>;
  return (
    <PageLayout title={text.title} breadcrumbs={[{ text: text.title }]} contentType="table">
      <LiveTable
        variant="full-page"
        query={useTargetGroups()}
        id={(group) => group.TargetGroupArn ?? ""}
        title={text.title}
        filter={text.find}
        columns={useColumns()}
        actions={create}
        empty={{ title: text.empty, detail: text.emptyDetail, action: create }}
      />
    </PageLayout>
  );
}

function useColumns(): TableProps.ColumnDefinition<TargetGroup>[] {
  const text = useText().targetGroups;
  return [
    {
      id: "name",
      header: text.name,
      cell: ({ TargetGroupName: name = "" }) => <Link href={href(paths.targetGroup(name))}>{name}</Link>,
      sortingField: "TargetGroupName",
      isRowHeader: true,
    },
    { id: "health", header: text.target.state, cell: (group) => <TargetCounts group={group.TargetGroupArn ?? ""} /> },
    { id: "protocol", header: text.protocolPort, cell: protocolPort, sortingField: "Protocol" },
    { id: "type", header: text.targetType, cell: (group) => targetType(group, text.types), sortingField: "TargetType" },
    { id: "balancers", header: text.loadBalancers, cell: (group) => <LoadBalancerLinks arns={group.LoadBalancerArns ?? []} /> },
    { id: "vpc", header: text.vpc, cell: (group) => group.VpcId, sortingField: "VpcId" },
  ];
}

/** `HTTP:80` */
export function protocolPort({ Protocol = "HTTP", Port = 0 }: TargetGroup): string {
  return `${Protocol}:${Port}`;
}

export function targetType({ TargetType = "ip" }: TargetGroup, texts: Readonly<Record<string, string>>): string {
  return texts[TargetType] ?? TargetType;
}

export function LoadBalancerLinks({ arns }: { arns: readonly string[] }) {
  const text = useText().targetGroups;
  if (arns.length === 0) return <Box color="text-body-secondary">{text.noLoadBalancers}</Box>;
  return arns.map((arn) => <div key={arn}><Link href={href(paths.loadBalancer(elbName(arn)))}>{elbName(arn)}</Link></div>);
}
