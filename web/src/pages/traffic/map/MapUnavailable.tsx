// An alert in place of a map that can't be drawn: an old picture would look like the current state.

import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import { useText } from "../../../i18n/useText.ts";

export function MapUnavailable({ onRetry }: { onRetry: () => void }) {
  const text = useText().traffic.mapUnavailable;
  return (
    <div role="alert">
      <Alert type="warning" header={text.title} action={<Button iconName="refresh" onClick={onRetry}>{text.retry}</Button>}>
        {text.detail}
      </Alert>
    </div>
  );
}
