import type { NamespaceSummary, NamespaceType } from "@aws-sdk/client-servicediscovery";
import Link from "@cloudscape-design/components/link";
import type { TableProps } from "@cloudscape-design/components/table";
import { PageLayout } from "../../app/PageLayout.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { useText } from "../../i18n/useText.ts";
import { useNamespaces } from "../../live/queries.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { RelativeTime } from "../../parts/Time.tsx";

/** All namespaces of the account and Region, including those that are shared with it. */
export default function NamespacesPage() {
  const text = useText().namespaces;
  return (
    <PageLayout title={text.title} breadcrumbs={[{ text: text.title }]} contentType="table">
      <LiveTable
        variant="full-page"
        query={useNamespaces()}
        id={(namespace) => namespace.Arn ?? ""}
        title={text.title}
        filter={text.find}
        columns={useColumns()}
        empty={{ title: text.empty, detail: text.emptyDetail }}
      />
    </PageLayout>
  );
}

function useColumns(): TableProps.ColumnDefinition<NamespaceSummary>[] {
  const text = useText();
  const words = text.namespaces;
  return [
    {
      id: "name",
      header: words.name,
      cell: (namespace) => <Link href={href(paths.namespace(namespace.Id ?? ""))}>{namespace.Name}</Link>,
      sortingField: "Name",
      isRowHeader: true,
    },
    { id: "type", header: words.type, cell: (namespace) => namespace.Type, sortingField: "Type" },
    { id: "lookedUp", header: words.instanceDiscovery, cell: (namespace) => <InstanceDiscovery type={namespace.Type} /> },
    { id: "services", header: words.serviceCount, cell: (namespace) => namespace.ServiceCount, sortingField: "ServiceCount" },
    { id: "description", header: words.description, cell: (namespace) => namespace.Description ?? text.parts.none },
    { id: "created", header: words.created, cell: (namespace) => <RelativeTime date={namespace.CreateDate} />, sortingField: "CreateDate" },
  ];
}

/** How clients discover the instances of a namespace. */
export function InstanceDiscovery({ type }: { type: NamespaceType | undefined }) {
  const text = useText();
  return type === undefined ? text.parts.none : text.namespaces.instanceDiscoveryBy[type];
}
