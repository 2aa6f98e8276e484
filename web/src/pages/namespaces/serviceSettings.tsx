// The DNS records and the health check of a Cloud Map service, as text.

import type { ServiceSummary } from "@aws-sdk/client-servicediscovery";
import { useText } from "../../i18n/useText.ts";

export function DnsRecords({ service }: { service: ServiceSummary }) {
  const text = useText().namespaces.service;
  const records = service.DnsConfig?.DnsRecords ?? [];
  return records.length === 0 ? text.noDns : records.map((one) => text.record(one.Type ?? "", one.TTL ?? 0)).join("; ");
}

export function HealthCheck({ service }: { service: ServiceSummary }) {
  const text = useText().namespaces.service;
  const check = service.HealthCheckConfig;
  if (check) return text.checkOf(check.Type ?? "", check.ResourcePath ?? "", check.FailureThreshold ?? 1);
  return service.HealthCheckCustomConfig ? text.customCheck : text.noCheck;
}
