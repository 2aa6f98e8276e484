// The name of the VPC of each subnet: its Name tag, or else its id.

import { paginateDescribeVpcs } from "@aws-sdk/client-ec2";
import { useMemo } from "react";
import { ec2, nameTag, readSubnets } from "../../aws/ec2.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useLive } from "../../live/useLive.ts";
import type { VpcNames } from "../model/graph.ts";

/** Empty while it is loading. */
export function useVpcs(): VpcNames {
  const target = useTarget();
  const vpcs = useLive(["traffic-vpcs"], [{ kind: "vpc" }], async () => {
    const names = new Map<string | undefined, string | undefined>();
    for await (const page of paginateDescribeVpcs({ client: ec2(target) }, {})) {
      for (const vpc of page.Vpcs ?? []) names.set(vpc.VpcId, nameTag(vpc.Tags) || vpc.VpcId);
    }
    const subnets = await readSubnets(target);
    return new Map(subnets.map((subnet) => [subnet.SubnetId ?? "", names.get(subnet.VpcId) ?? subnet.VpcId ?? ""]));
  });
  return useMemo(() => vpcs.data ?? new Map<string, string>(), [vpcs.data]);
}
