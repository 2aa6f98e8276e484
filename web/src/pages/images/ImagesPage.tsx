import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { TableProps } from "@cloudscape-design/components/table";
import { useState } from "react";
import { PageLayout } from "../../app/PageLayout.tsx";
import { href } from "../../app/links.tsx";
import { paths } from "../../app/paths.ts";
import { type ImageUser, type LocalImage, readLocalImages, removeLocalImage, type RunningPull } from "../../aws/localImages.ts";
import { useTarget } from "../../aws/useTarget.ts";
import { useText } from "../../i18n/useText.ts";
import { mapQuery, useLive } from "../../live/useLive.ts";
import { ConfirmDialog } from "../../parts/ConfirmDialog.tsx";
import { LiveTable } from "../../parts/LiveTable.tsx";
import { CopyableValue } from "../../parts/Properties.tsx";
import { SelectionButton, useSelection } from "../../parts/TableSelection.tsx";
import { useMegabytes } from "../../parts/useMegabytes.ts";

const SHOWN_TASKS = 3;

const idOf = (image: LocalImage) => image.name;

/** The images on the server's machine with the tasks that use them, and the pulls in progress. */
export default function ImagesPage() {
  const text = useText().images;
  const target = useTarget();
  const query = useLive(["images"], [{ kind: "task" }, { kind: "minute" }], (signal) => readLocalImages(target, signal));
  const images = mapQuery(query, (report) => report.images);
  const selection = useSelection(images, idOf);
  const [removing, setRemoving] = useState<LocalImage | null>(null);
  const pulls = query.data?.pulls ?? [];
  return (
    <PageLayout title={text.title} breadcrumbs={[{ text: text.title }]} contentType="table">
      <SpaceBetween size="l">
        {pulls.length === 0 ? null : <Pulls pulls={pulls} />}
        <LiveTable
          query={images}
          variant="full-page"
          id={idOf}
          title={text.title}
          description={text.description}
          filter={text.find}
          empty={{ title: text.empty, detail: text.emptyDetail }}
          selection={{ ...selection, label: idOf }}
          actions={<SelectionButton item={selection.selected} onClick={setRemoving}>{text.remove.open}</SelectionButton>}
          columns={useColumns()}
        />
      </SpaceBetween>
      {removing === null ? null : <RemoveImage image={removing} onClose={() => { setRemoving(null); }} onDone={query.reload} />}
    </PageLayout>
  );
}

function useColumns(): TableProps.ColumnDefinition<LocalImage>[] {
  const text = useText().images;
  const format = useMegabytes();
  return [
    { id: "name", header: text.name, cell: ({ name }) => name, sortingField: "name", isRowHeader: true },
    { id: "source", header: text.source, cell: ({ source }) => source ?? text.imported, sortingField: "source" },
    { id: "platform", header: text.platform, cell: ({ platform }) => platform, sortingField: "platform" },
    { id: "size", header: text.size, cell: ({ size }) => `${format(size)} MB`, sortingField: "size" },
    { id: "tasks", header: text.usedBy, cell: ({ tasks }) => <Users tasks={tasks} /> },
    { id: "digest", header: text.digest, cell: ({ digest }) => <CopyableValue value={digest} /> },
  ];
}

/** Links to the first tasks that use an image, and how many more there are. */
function Users({ tasks }: { tasks: readonly ImageUser[] }) {
  const text = useText().images;
  if (tasks.length === 0) return text.nobody;
  return (
    <SpaceBetween size="xxs">
      {tasks.slice(0, SHOWN_TASKS).map((task) => <TaskLink key={task.id} task={task} />)}
      {tasks.length > SHOWN_TASKS ? text.more(tasks.length - SHOWN_TASKS) : null}
    </SpaceBetween>
  );
}

function TaskLink({ task }: { task: ImageUser }) {
  return <Link href={href(paths.task(task.cluster, task.id))}>{`${task.group.split(":").at(-1) ?? ""} ${task.id.slice(0, 12)}…`}</Link>;
}

function Pulls({ pulls }: { pulls: readonly RunningPull[] }) {
  const text = useText().images.pulls;
  const format = useMegabytes();
  return (
    <Container header={<Header variant="h2" counter={`(${pulls.length})`}>{text.title}</Header>}>
      <SpaceBetween size="m">
        {pulls.map((pull) => (
          <ProgressBar
            key={`${pull.task.id} ${pull.container}`}
            value={pull.total > 0 ? (100 * pull.received) / pull.total : 0}
            label={text.task(pull.image, pull.container)}
            description={<>{text.source(pull.source)} <TaskLink task={pull.task} /></>}
            additionalInfo={text.size(format(pull.received), format(pull.total))}
          />
        ))}
      </SpaceBetween>
    </Container>
  );
}

function RemoveImage({ image, onClose, onDone }: { image: LocalImage; onClose: () => void; onDone: () => void }) {
  const text = useText().images.remove;
  const target = useTarget();
  return (
    <ConfirmDialog
      title={text.title(image.name)}
      effect={image.tasks.length === 0 ? text.effect : text.effectInUse(image.tasks.length)}
      action={text.action}
      done={text.done(image.name)}
      perform={() => removeLocalImage(target, image.name)}
      onClose={onClose}
      onDone={onDone}
    />
  );
}
