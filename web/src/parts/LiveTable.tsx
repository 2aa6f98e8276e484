// A table of what was read: search, sorting and pages in the browser, its states, and words that are the same everywhere.

import { useCollection } from "@cloudscape-design/collection-hooks";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Pagination from "@cloudscape-design/components/pagination";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import TextFilter from "@cloudscape-design/components/text-filter";
import type { ReactNode } from "react";
import { useText } from "../i18n/useText.ts";
import type { Found } from "../live/useLive.ts";
import type { Choice } from "./Choice.tsx";
import { FaultAlert } from "./Shown.tsx";

const PAGE = 25;

export interface LiveTableProps<T> {
  readonly found: Found<readonly T[]>;
  readonly columns: readonly TableProps.ColumnDefinition<T>[];
  readonly id: (item: T) => string;
  readonly title: string;
  readonly description?: ReactNode;
  readonly actions?: ReactNode;
  /** What is said, and offered, when there is nothing at all. */
  readonly empty: { readonly title: string; readonly detail?: string; readonly action?: ReactNode };
  /** Words in the search field; none, no field. */
  readonly filter?: string;
  readonly filterExtra?: ReactNode;
  readonly variant?: TableProps.Variant;
  /** Keep the order that the items come in until the reader chooses another. */
  readonly unsorted?: boolean;
  /** Break long texts into lines. */
  readonly wrap?: boolean;
  readonly selection?: Choice<T> & { readonly label: (item: T) => string };
}

export function LiveTable<T>(props: LiveTableProps<T>) {
  const text = useText().parts.table;
  const { found } = props;
  const everything = found.data ?? [];
  const { items, actions, filterProps, paginationProps, collectionProps, filteredItemsCount } = useCollection(everything, {
    filtering: {},
    pagination: { pageSize: PAGE },
    sorting: props.columns[0] && !props.unsorted ? { defaultState: { sortingColumn: props.columns[0] } } : {},
  });
  const { selection } = props;
  return (
    <SpaceBetween size="l">
      {found.status === "failed" ? <FaultAlert error={found.error} onRetry={found.reload} /> : null}
      <Table
        {...collectionProps}
        items={items}
        empty={
          found.data === undefined ? (
            <Box textAlign="center">{text.unknown}</Box>
          ) : everything.length === 0 ? (
            <Empty {...props.empty} />
          ) : (
            <Empty title={text.noMatch} action={<Button onClick={() => { actions.setFiltering(""); }}>{text.clear}</Button>} />
          )
        }
        columnDefinitions={props.columns}
        trackBy={props.id}
        variant={props.variant ?? "container"}
        loading={found.status === "loading"}
        loadingText={text.loading}
        wrapLines={props.wrap ?? false}
        stickyHeader={props.variant === "full-page"}
        header={
          <Header
            variant={props.variant === "full-page" ? "awsui-h1-sticky" : "h2"}
            counter={found.data ? `(${everything.length})` : undefined}
            description={props.description}
            actions={props.actions}
          >
            {props.title}
          </Header>
        }
        filter={
          props.filter === undefined ? undefined : (
            <SpaceBetween size="xs" direction="horizontal">
              <TextFilter
                {...filterProps}
                filteringPlaceholder={props.filter}
                filteringAriaLabel={props.filter}
                countText={text.matches(filteredItemsCount ?? 0)}
              />
              {props.filterExtra}
            </SpaceBetween>
          )
        }
        pagination={everything.length > PAGE ? <Pagination {...paginationProps} /> : undefined}
        {...(selection
          ? {
              selectionType: "single" as const,
              selectedItems: selection.chosen === undefined ? [] : [selection.chosen],
              onSelectionChange: ({ detail }: { detail: { selectedItems: T[] } }) => { selection.choose(detail.selectedItems[0]); },
              ariaLabels: {
                selectionGroupLabel: props.title,
                itemSelectionLabel: (_: unknown, item: T) => selection.label(item),
              },
            }
          : {})}
      />
    </SpaceBetween>
  );
}

function Empty({ title, detail, action }: { title: string; detail?: string; action?: ReactNode }) {
  return (
    <Box textAlign="center" color="inherit" margin={{ vertical: "s" }}>
      <SpaceBetween size="xs">
        <b>{title}</b>
        {detail === undefined ? null : <Box color="text-body-secondary">{detail}</Box>}
        {action}
      </SpaceBetween>
    </Box>
  );
}
