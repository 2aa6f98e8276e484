// The client of Amazon EC2: subnets and security groups for tasks.

import { EC2Client, paginateDescribeSecurityGroups, paginateDescribeSubnets, type SecurityGroup, type Subnet } from "@aws-sdk/client-ec2";
import { clientFactory, type Target } from "./config.ts";

export const ec2 = clientFactory(EC2Client);

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

/** The value of the tag `Name`, or an empty string. */
export function nameTag(tags: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined): string {
  return tags?.find((tag) => tag.Key === "Name")?.Value ?? "";
}
