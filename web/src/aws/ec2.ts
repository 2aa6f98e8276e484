// Amazon EC2, as far as a service needs it: the subnets and security groups that its tasks can have.

import { EC2Client, paginateDescribeSecurityGroups, paginateDescribeSubnets, type SecurityGroup, type Subnet } from "@aws-sdk/client-ec2";
import { clientOf, type Target } from "./config.ts";

/** The client for a target; made once. */
export const ec2 = clientOf(EC2Client);

export interface Networks {
  readonly subnets: readonly Subnet[];
  readonly groups: readonly SecurityGroup[];
}

export async function readNetworks(target: Target): Promise<Networks> {
  const subnets = await readSubnets(target);
  const groups: SecurityGroup[] = [];
  for await (const page of paginateDescribeSecurityGroups({ client: ec2(target) }, {})) groups.push(...(page.SecurityGroups ?? []));
  return { subnets, groups };
}

export async function readSubnets(target: Target): Promise<Subnet[]> {
  const subnets: Subnet[] = [];
  for await (const page of paginateDescribeSubnets({ client: ec2(target) }, {})) subnets.push(...(page.Subnets ?? []));
  return subnets;
}

/** The tag `Name`, or nothing. */
export function nameTag(tags: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined): string {
  return tags?.find((tag) => tag.Key === "Name")?.Value ?? "";
}
