import Link from "@cloudscape-design/components/link";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { clusterOf, nameOf } from "../../aws/arn.ts";
import { elbName } from "../../aws/elb.ts";
import { readGatewayRoutes } from "../../aws/gateways.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Status } from "../../parts/Status.tsx";
import { PublicUrl } from "../services/PublicUrl.tsx";

/** The routes of a gateway: the services that have joined it, each with its URL. */
export function RoutesTab({ gateway, isPublic }: { gateway: string; isPublic: boolean }) {
  const text = useText().gateways;
  const target = useTarget();
  const query = useLive(["gateway-routes", gateway], [{ kind: "ingress-path" }, { kind: "service" }, { kind: "load-balancer" }], (signal) => readGatewayRoutes(target, gateway, signal));
  return (
    <LiveTable
      query={query}
      id={({ gatewayRouteArn = "" }) => gatewayRouteArn}
      title={text.tabs.routes}
      filter={text.findRoutes}
      empty={{ title: text.noRoutes, detail: text.noRoutesDetail }}
      columns={[
        {
          id: "service",
          header: text.service,
          cell: ({ serviceArn }) => <Link href={href(paths.service(clusterOf(serviceArn), nameOf(serviceArn)))}>{nameOf(serviceArn)}</Link>,
          sortingField: "serviceArn",
          isRowHeader: true,
        },
        { id: "cluster", header: text.cluster, cell: ({ serviceArn }) => clusterOf(serviceArn) },
        { id: "port", header: text.portName, cell: ({ serviceContainerPortName }) => serviceContainerPortName, sortingField: "serviceContainerPortName" },
        { id: "status", header: text.status, cell: ({ status }) => <Status status={status} />, sortingField: "status" },
        { id: "url", header: text.serviceUrl, cell: ({ serviceUrl }) => (serviceUrl === undefined ? null : <PublicUrl url={serviceUrl} isPublic={isPublic} />), minWidth: 260 },
        {
          id: "balancer",
          header: text.balancer,
          cell: ({ resources }) => resources?.hostSharedAlb?.map(({ loadBalancerArn }) => <Link key={loadBalancerArn} href={href(paths.loadBalancer(elbName(loadBalancerArn)))}>{elbName(loadBalancerArn)}</Link>),
        },
      ]}
    />
  );
}
