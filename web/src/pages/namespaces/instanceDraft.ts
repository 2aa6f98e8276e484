// The attributes in the form of an instance.

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

/** Empty attributes for the service's DNS records; for an address and a port if it has no records. */
export function initialAttributes(service: Service): Attribute[] {
  const records = service.DnsConfig?.DnsRecords ?? [];
  const keys = records.length === 0 ? ["AWS_INSTANCE_IPV4", "AWS_INSTANCE_PORT"] : records.flatMap(({ Type }) => BY_RECORD[Type ?? ""] ?? []);
  return [...new Set(keys)].map((key) => ({ key, value: "" }));
}

/** The first key that occurs twice. */
export function duplicateKey(attributes: readonly Attribute[]): string | undefined {
  const keys = attributes.map(({ key }) => key).filter(Boolean);
  return keys.find((key, index) => keys.indexOf(key) !== index);
}

/** The attributes to send, without those that lack a key or a value. */
export function attributesOf(attributes: readonly Attribute[]): Record<string, string> {
  return Object.fromEntries(attributes.filter(({ key, value }) => key && value).map(({ key, value }) => [key, value]));
}
