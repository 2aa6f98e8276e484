import Link from "@cloudscape-design/components/link";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { clusterOf, nameOf } from "../../aws/arn.ts";
import { readServicesUsing } from "../../aws/namespaces.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";

/** The services of ECS that Service Connect ties to a namespace, given its ARN. */
export function UsersTable({ namespace }: { namespace: string }) {
  const text = useText().namespaces;
  const target = useTarget();
  // rows are objects, so that the search looks at names
  const found = useLive(["services-by-namespace", namespace], [{ kind: "service" }], async () =>
    (await readServicesUsing(target, namespace)).map((arn) => ({ arn, name: nameOf(arn), cluster: clusterOf(arn) })),
  );
  return (
    <LiveTable
      found={found}
      id={(service) => service.arn}
      title={text.users}
      description={text.usersDetail}
      filter={text.findServices}
      columns={[
        {
          id: "name",
          header: text.userName,
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
      empty={{ title: text.noUsers }}
    />
  );
}
