import Link from "@cloudscape-design/components/link";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { clusterOf, nameOf } from "../../aws/arn.ts";
import { listServicesInNamespace } from "../../aws/namespaces.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";

/** The ECS services that use a namespace for Service Connect, given its ARN. */
export function NamespaceServicesTable({ namespace }: { namespace: string }) {
  const text = useText().namespaces;
  const target = useTarget();
  // Rows are objects, because the search compares the values of their properties.
  const query = useLive(["services-by-namespace", namespace], [{ kind: "service" }], async () =>
    (await listServicesInNamespace(target, namespace)).map((arn) => ({ arn, name: nameOf(arn), cluster: clusterOf(arn) })),
  );
  return (
    <LiveTable
      query={query}
      id={(service) => service.arn}
      title={text.ecsServices}
      description={text.ecsServicesDetail}
      filter={text.findServices}
      columns={[
        {
          id: "name",
          header: text.ecsServiceName,
          cell: (service) => <Link href={href(paths.service(service.cluster, service.name))}>{service.name}</Link>,
          sortingField: "name",
          isRowHeader: true,
        },
        {
          id: "cluster",
          header: text.cluster,
          cell: (service) => <Link href={href(paths.cluster(service.cluster))}>{service.cluster}</Link>,
          sortingField: "cluster",
        },
      ]}
      empty={{ title: text.noEcsServices }}
    />
  );
}
