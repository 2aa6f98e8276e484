import Button from "@cloudscape-design/components/button";
import Link from "@cloudscape-design/components/link";
import { Frame } from "../../app/Frame.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { useText } from "../../i18n/useText.ts";
import { useAllFamilies } from "../../live/readings.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Status } from "../../parts/Status.tsx";

/** All families of the account and region, with those that have no active revision left. */
export default function DefinitionsPage() {
  const text = useText().definitions;
  const create = <Button variant="primary" href={href(paths.registerDefinition)}>{text.create}</Button>;
  return (
    <Frame title={text.title} breadcrumbs={[{ text: text.title }]} contentType="table">
      <LiveTable
        variant="full-page"
        found={useAllFamilies()}
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
          { id: "status", header: text.status, cell: ({ status }) => <Status of={status} />, sortingField: "status" },
        ]}
        actions={create}
        empty={{ title: text.empty, detail: text.emptyDetail, action: create }}
      />
    </Frame>
  );
}
