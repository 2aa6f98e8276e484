import Button from "@cloudscape-design/components/button";
import Link from "@cloudscape-design/components/link";
import { PageLayout } from "../../app/PageLayout.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { useText } from "../../i18n/useText.ts";
import { useAllFamilies } from "../../live/queries.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Status } from "../../parts/Status.tsx";

/** All families of the account and Region, including those without an active revision. */
export default function DefinitionsPage() {
  const text = useText().definitions;
  const create = <Button variant="primary" href={href(paths.registerTaskDefinition)}>{text.create}</Button>;
  return (
    <PageLayout title={text.title} breadcrumbs={[{ text: text.title }]} contentType="table">
      <LiveTable
        variant="full-page"
        query={useAllFamilies()}
        id={({ family }) => family}
        title={text.title}
        filter={text.find}
        columns={[
          {
            id: "family",
            header: text.family,
            cell: ({ family }) => <Link href={href(paths.taskDefinition(family))}>{family}</Link>,
            sortingField: "family",
            isRowHeader: true,
          },
          { id: "status", header: text.status, cell: ({ status }) => <Status status={status} />, sortingField: "status" },
        ]}
        actions={create}
        empty={{ title: text.empty, detail: text.emptyDetail, action: create }}
      />
    </PageLayout>
  );
}
