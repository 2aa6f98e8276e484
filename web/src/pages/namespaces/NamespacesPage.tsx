import type { NamespaceSummary, NamespaceType } from "@aws-sdk/client-servicediscovery";
import Link from "@cloudscape-design/components/link";
import type { TableProps } from "@cloudscape-design/components/table";
import { Frame } from "../../app/Frame.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { useText } from "../../i18n/useText.ts";
import { useNamespaces } from "../../live/readings.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Ago } from "../../parts/Moment.tsx";

/** All namespaces of the account and region, and those that are shared with it. */
export default function NamespacesPage() {
  const text = useText().namespaces;
  return (
    <Frame title={text.title} breadcrumbs={[{ text: text.title }]} contentType="table">
      <LiveTable
        variant="full-page"
        found={useNamespaces()}
        id={(namespace) => namespace.Arn ?? ""}
        title={text.title}
        filter={text.find}
        columns={useColumns()}
        empty={{ title: text.empty, detail: text.emptyDetail }}
      />
    </Frame>
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
    { id: "lookedUp", header: words.lookedUp, cell: (namespace) => <LookedUpBy type={namespace.Type} /> },
    { id: "services", header: words.serviceCount, cell: (namespace) => namespace.ServiceCount, sortingField: "ServiceCount" },
    { id: "description", header: words.description, cell: (namespace) => namespace.Description ?? text.parts.none },
    { id: "created", header: words.created, cell: (namespace) => <Ago at={namespace.CreateDate} />, sortingField: "CreateDate" },
  ];
}

/** How the names of a namespace are looked up, in words. */
export function LookedUpBy({ type }: { type: NamespaceType | undefined }) {
  const text = useText();
  return type === undefined ? text.parts.none : text.namespaces.lookedUpBy[type];
}
