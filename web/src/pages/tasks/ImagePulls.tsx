import type { Task } from "@aws-sdk/client-ecs";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ImagePull, imagePullsOf } from "../../aws/imagePulls.ts";
import { useText } from "../../i18n/useText.ts";
import { useMegabytes } from "../../parts/useMegabytes.ts";

/** The progress of a task's image downloads; null when there are none. */
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
  const format = useMegabytes();
  const size = text.size(format(pull.received), format(pull.total));
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
