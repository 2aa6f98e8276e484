import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import { Component, type ReactNode, useEffect } from "react";
import { useText } from "../i18n/useText.ts";
import { useIsBack } from "../live/useLive.ts";
import { Frame } from "./Frame.tsx";

/** Keeps the failure of one page from the rest: after an update of the server its code may be gone, and loading helps. */
export class Boundary extends Component<{ children: ReactNode; at: string }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  /** Another page gets its own chance. */
  override componentDidUpdate(before: { at: string }) {
    if (this.state.error && before.at !== this.props.at) this.setState({ error: null });
  }

  override render(): ReactNode {
    return this.state.error ? <Failed error={this.state.error} /> : this.props.children;
  }
}

/** Says so in the page's place. A page that failed while the server was away is loaded again when that is back. */
function Failed({ error }: { error: Error }) {
  const text = useText().app.failed;
  const isBack = useIsBack();
  useEffect(() => {
    if (isBack) window.location.reload();
  }, [isBack]);
  return (
    <Frame title={text.page} breadcrumbs={[]}>
      <Alert type="error" header={text.page} action={<Button onClick={() => { window.location.reload(); }}>{text.reload}</Button>}>
        {error.message}
      </Alert>
    </Frame>
  );
}
