import Link from "@cloudscape-design/components/link";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { elbName } from "../../aws/elb.ts";
import { readGatewayBalancers } from "../../aws/gateways.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";

/** The load balancers that the services of a gateway share. */
export function BalancersTab({ gateway }: { gateway: string }) {
  const text = useText().gateways;
  const target = useTarget();
  const query = useLive(["gateway-balancers", gateway], [{ kind: "ingress-path" }, { kind: "load-balancer" }], (signal) => readGatewayBalancers(target, gateway, signal));
  return (
    <LiveTable
      query={query}
      id={({ loadBalancerArn = "" }) => loadBalancerArn}
      title={text.tabs.balancers}
      empty={{ title: text.noBalancers, detail: text.noBalancersDetail }}
      columns={[
        {
          id: "name",
          header: text.balancer,
          cell: ({ loadBalancerArn }) => <Link href={href(paths.loadBalancer(elbName(loadBalancerArn)))}>{elbName(loadBalancerArn)}</Link>,
          sortingField: "loadBalancerArn",
          isRowHeader: true,
        },
        { id: "routes", header: text.tabs.routes, cell: ({ gatewayRouteArns = [] }) => gatewayRouteArns.length },
        { id: "group", header: text.securityGroup, cell: ({ securityGroup }) => securityGroup },
      ]}
    />
  );
}
