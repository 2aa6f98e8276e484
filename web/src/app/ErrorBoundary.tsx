import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import { Component, type ReactNode, useEffect } from "react";
import { useText } from "../i18n/useText.ts";
import { useHasReconnected } from "../live/useLive.ts";
import { PageLayout } from "./PageLayout.tsx";

/** Contains the failure of a page. After an update of the server the code of a page may be gone, so that only a reload helps. */
export class ErrorBoundary extends Component<{ children: ReactNode; path: string }, { error: Error | null }> {
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  /** Clears the error when the user goes to another page. */
  override componentDidUpdate(previous: { path: string }) {
    if (this.state.error && previous.path !== this.props.path) this.setState({ error: null });
  }

  override render(): ReactNode {
    return this.state.error ? <PageError error={this.state.error} /> : this.props.children;
  }
}

/** An alert in place of the page. It reloads the page when the server responds again. */
function PageError({ error }: { error: Error }) {
  const text = useText().app.failed;
  const hasReconnected = useHasReconnected();
  useEffect(() => {
    if (hasReconnected) window.location.reload();
  }, [hasReconnected]);
  return (
    <PageLayout title={text.page} breadcrumbs={[]}>
      <Alert type="error" header={text.page} action={<Button onClick={() => { window.location.reload(); }}>{text.reload}</Button>}>
        {error.message}
      </Alert>
    </PageLayout>
  );
}
