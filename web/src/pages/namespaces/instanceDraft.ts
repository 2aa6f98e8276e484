// What the form of an instance asks.

import type { Service } from "@aws-sdk/client-servicediscovery";

export interface Attribute {
  readonly key: string;
  readonly value: string;
}

const ID = /^[0-9a-zA-Z_/:.@+-]{1,64}$/;

export function isInstanceId(id: string): boolean {
  return ID.test(id);
}

const BY_RECORD: Readonly<Record<string, readonly string[]>> = {
  A: ["AWS_INSTANCE_IPV4"],
  AAAA: ["AWS_INSTANCE_IPV6"],
  SRV: ["AWS_INSTANCE_IPV4", "AWS_INSTANCE_PORT"],
  CNAME: ["AWS_INSTANCE_CNAME"],
};

/** The attributes that a service's records ask for; an address and a port where it has none. */
export function firstAttributes(service: Service): Attribute[] {
  const records = service.DnsConfig?.DnsRecords ?? [];
  const keys = records.length === 0 ? ["AWS_INSTANCE_IPV4", "AWS_INSTANCE_PORT"] : records.flatMap((one) => BY_RECORD[one.Type ?? ""] ?? []);
  return [...new Set(keys)].map((key) => ({ key, value: "" }));
}

/** The first key that is there twice. */
export function twice(attributes: readonly Attribute[]): string | undefined {
  const keys = attributes.map((one) => one.key).filter(Boolean);
  return keys.find((key, index) => keys.indexOf(key) !== index);
}

/** What is sent: lines without a key or a value are left out. */
export function attributesOf(attributes: readonly Attribute[]): Record<string, string> {
  return Object.fromEntries(attributes.filter(({ key, value }) => key && value).map(({ key, value }) => [key, value]));
}
