import type { Task } from "@aws-sdk/client-ecs";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ImagePull, imagePullsOf } from "../../aws/imagePulls.ts";
import { useLanguage, useText } from "../../i18n/useText.ts";

const MEGABYTE = 1e6;

/** How far the images of a task are, while they are downloaded. */
export function ImagePulls({ task }: { task: Task }) {
  const text = useText().task;
  const pulls = imagePullsOf(task);
  if (pulls.length === 0) return null;
  return (
    <Container header={<Header variant="h2">{text.pulls.title}</Header>}>
      <SpaceBetween size="m">
        {pulls.map((pull) => <PullBar key={pull.container} pull={pull} />)}
      </SpaceBetween>
    </Container>
  );
}

function PullBar({ pull }: { pull: ImagePull }) {
  const text = useText().task.pulls;
  const format = new Intl.NumberFormat(useLanguage(), { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  const size = text.size(format.format(pull.received / MEGABYTE), format.format(pull.total / MEGABYTE));
  const layers = text.layers(pull.present + pull.pulled, pull.layers, pull.present);
  return (
    <ProgressBar
      value={pull.total > 0 ? (100 * pull.received) / pull.total : 0}
      label={pull.container}
      description={text.source(pull.source)}
      additionalInfo={`${size} · ${layers}`}
    />
  );
}
