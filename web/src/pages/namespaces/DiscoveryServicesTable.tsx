import type { ServiceSummary } from "@aws-sdk/client-servicediscovery";
import Link from "@cloudscape-design/components/link";
import type { TableProps } from "@cloudscape-design/components/table";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { readDiscoveryServices } from "../../aws/discoveryServices.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { RelativeTime } from "../../parts/Time.tsx";

/** The Cloud Map services of a namespace, given its id. */
export function DiscoveryServicesTable({ namespace }: { namespace: string }) {
  const text = useText().namespaces;
  const target = useTarget();
  const topics = [{ kind: "discovery-service" }, { kind: "instance" }];
  return (
    <LiveTable
      query={useLive(["discovery-services", namespace], topics, () => readDiscoveryServices(target, namespace))}
      id={(service) => service.Id ?? ""}
      title={text.services}
      filter={text.findServices}
      columns={useColumns(namespace)}
      empty={{ title: text.noServices, detail: text.noServicesDetail }}
    />
  );
}

function useColumns(namespace: string): TableProps.ColumnDefinition<ServiceSummary>[] {
  const text = useText();
  const words = text.namespaces.service;
  return [
    {
      id: "name",
      header: words.name,
      cell: (service) => <Link href={href(paths.discoveryService(namespace, service.Id ?? ""))}>{service.Name}</Link>,
      sortingField: "Name",
      isRowHeader: true,
    },
    { id: "instances", header: words.instances, cell: (service) => service.InstanceCount, sortingField: "InstanceCount" },
    { id: "dns", header: words.dns, cell: (service) => <DnsRecords service={service} /> },
    { id: "check", header: words.check, cell: (service) => <HealthCheck service={service} /> },
    { id: "description", header: text.namespaces.description, cell: (service) => service.Description ?? text.parts.none },
    { id: "created", header: text.namespaces.created, cell: (service) => <RelativeTime date={service.CreateDate} />, sortingField: "CreateDate" },
  ];
}

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
