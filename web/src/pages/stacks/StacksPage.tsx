import type { Stack } from "@aws-sdk/client-cloudformation";
import Link from "@cloudscape-design/components/link";
import { PageLayout } from "../../app/PageLayout.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { readStacks } from "../../aws/stacks.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { useLive } from "../../live/useLive.ts";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { RelativeTime } from "../../parts/Time.tsx";
import { StackState } from "./StackState.tsx";

/** All stacks of the account and Region, nested ones too. */
export default function StacksPage() {
  const text = useText().stacks;
  const target = useTarget();
  const query = useLive(["stacks"], [{ kind: "stack" }], () => readStacks(target));
  return (
    <PageLayout title={text.title} breadcrumbs={[{ text: text.title }]} contentType="table">
      <LiveTable<Stack>
        query={query}
        variant="full-page"
        id={({ StackId = "" }) => StackId}
        title={text.title}
        filter={text.find}
        empty={{ title: text.empty, detail: text.emptyDetail }}
        columns={[
          { id: "name", header: text.name, cell: ({ StackName = "" }) => <Link href={href(paths.stack(StackName))}>{StackName}</Link>, sortingField: "StackName", isRowHeader: true },
          { id: "status", header: text.status, cell: ({ StackStatus }) => <StackState status={StackStatus} />, sortingField: "StackStatus" },
          { id: "description", header: text.description, cell: ({ Description = "" }) => Description },
          { id: "created", header: text.created, cell: ({ CreationTime }) => <RelativeTime date={CreationTime} />, sortingField: "CreationTime" },
          { id: "updated", header: text.updated, cell: ({ LastUpdatedTime }) => <RelativeTime date={LastUpdatedTime} />, sortingField: "LastUpdatedTime" },
        ]}
      />
    </PageLayout>
  );
}
