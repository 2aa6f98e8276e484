// Cloudscape's Select, Multiselect and Autosuggest with the state of the query that reads their options. ESLint forbids the
// originals, which would show the options of a failed query as if they were complete.

import CloudscapeAutosuggest, { type AutosuggestProps } from "@cloudscape-design/components/autosuggest";
import CloudscapeMultiselect, { type MultiselectProps } from "@cloudscape-design/components/multiselect";
import CloudscapeSelect, { type SelectProps } from "@cloudscape-design/components/select";
import { useText } from "../i18n/useText.ts";
import type { LiveQuery } from "../live/useLive.ts";

interface OptionsSource {
  /** The query that reads the options; null if the options need no query. */
  readonly optionsFrom: LiveQuery<unknown> | null;
}

type StatusProps = "statusType" | "errorText" | "recoveryText" | "onLoadItems";

export function Select({ optionsFrom, ...props }: Omit<SelectProps, StatusProps> & OptionsSource) {
  return <CloudscapeSelect {...props} {...useOptionsStatus(optionsFrom)} />;
}

export function Multiselect({ optionsFrom, ...props }: Omit<MultiselectProps, StatusProps> & OptionsSource) {
  return <CloudscapeMultiselect {...props} {...useOptionsStatus(optionsFrom)} />;
}

export function Autosuggest({ optionsFrom, ...props }: Omit<AutosuggestProps, StatusProps> & OptionsSource) {
  return <CloudscapeAutosuggest {...props} {...useOptionsStatus(optionsFrom)} />;
}

/** The state of the options: while the query is loading, and with a retry after it has failed. */
function useOptionsStatus(query: LiveQuery<unknown> | null) {
  const text = useText().app.failed;
  if (query?.status !== "failed") return { statusType: query?.status === "loading" ? "loading" : "finished" } as const;
  return { statusType: "error", errorText: text.title, recoveryText: text.retry, onLoadItems: query.reload } as const;
}
