import Button from "@cloudscape-design/components/button";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useParams } from "react-router";
import { PageLayout } from "../../app/PageLayout.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { useText } from "../../i18n/useText.ts";
import { useAllRevisions } from "../../live/queries.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { Status } from "../../parts/Status.tsx";

/** A family's revisions, newest first. */
export default function FamilyPage() {
  const text = useText().definitions;
  const { family = "" } = useParams();
  const query = useAllRevisions(family);
  const [newest, previous] = query.data ?? [];
  const actions = (
    <SpaceBetween size="xs" direction="horizontal">
      <Button disabled={!previous} href={newest && previous ? href(paths.compareRevisions(family, previous.revision, newest.revision)) : ""}>
        {text.compare}
      </Button>
      <Button variant="primary" disabled={!newest} href={newest ? href(paths.registerRevision(family, newest.revision)) : ""}>
        {text.register}
      </Button>
    </SpaceBetween>
  );
  return (
    <PageLayout title={family} breadcrumbs={[{ text: text.title, path: paths.taskDefinitions }, { text: family }]} contentType="table">
      <LiveTable
        variant="full-page"
        query={query}
        id={({ revision }) => String(revision)}
        title={family}
        filter={text.findRevisions}
        unsorted
        columns={[
          {
            id: "revision",
            header: text.revision,
            cell: ({ revision }) => <Link href={href(paths.revision(family, revision))}>{`${family}:${revision}`}</Link>,
            sortingField: "revision",
            isRowHeader: true,
          },
          { id: "status", header: text.status, cell: ({ status }) => <Status status={status} />, sortingField: "status" },
        ]}
        actions={actions}
        empty={{ title: text.noRevisions }}
      />
    </PageLayout>
  );
}
