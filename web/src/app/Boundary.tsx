import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import { Component, type ReactNode } from "react";
import { LanguageContext } from "../i18n/useText.ts";
import { catalogs, type Language } from "../i18n/catalog.ts";

/** Keeps the failure of one page from the rest: after an update of the server its code may be gone, and loading helps. */
export class Boundary extends Component<{ children: ReactNode; at: string }, { error: Error | null }> {
  static override contextType = LanguageContext;
  declare context: Language;
  override state: { error: Error | null } = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  /** Another page gets its own chance. */
  override componentDidUpdate(before: { at: string }) {
    if (this.state.error && before.at !== this.props.at) this.setState({ error: null });
  }

  override render(): ReactNode {
    if (!this.state.error) return this.props.children;
    const text = catalogs[this.context].app.failed;
    return (
      <Box padding="xxl">
        <Alert type="error" header={text.page} action={<Button onClick={() => { window.location.reload(); }}>{text.reload}</Button>}>
          {this.state.error.message}
        </Alert>
      </Box>
    );
  }
}
