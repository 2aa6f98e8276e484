import type { LoadBalancer } from "@aws-sdk/client-elastic-load-balancing-v2";
import { useText } from "../../i18n/useText.ts";
import { useNodes } from "../../live/elbQueries.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { CopyableValue } from "../../parts/Properties.tsx";

/** The nodes of a load balancer with their addresses. */
export function NetworkMappingTab({ balancer }: { balancer: LoadBalancer }) {
  const text = useText().loadBalancers;
  const words = text.node;
  return (
    <LiveTable
      query={useNodes(balancer)}
      id={(node) => node.NetworkInterfaceId ?? ""}
      title={text.nodes}
      description={text.nodesDetail}
      empty={{ title: words.none }}
      columns={[
        { id: "zone", header: words.zone, cell: (node) => node.AvailabilityZone, sortingField: "AvailabilityZone", isRowHeader: true },
        { id: "subnet", header: words.subnet, cell: (node) => node.SubnetId },
        { id: "private", header: words.privateAddress, cell: (node) => <CopyableValue value={node.PrivateIpAddress} /> },
        { id: "public", header: words.publicAddress, cell: (node) => <CopyableValue value={node.Association?.PublicIp} /> },
        { id: "interface", header: words.interface, cell: (node) => node.NetworkInterfaceId },
      ]}
    />
  );
}
