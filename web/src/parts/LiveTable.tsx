// A table of a live query's items, with search, sorting and pagination in the browser.

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
import type { LiveQuery } from "../live/useLive.ts";
import type { TableSelection } from "./TableSelection.tsx";
import { ErrorAlert } from "./QueryContent.tsx";

const PAGE_SIZE = 25;

export interface LiveTableProps<T> {
  readonly query: LiveQuery<readonly T[]>;
  readonly columns: readonly TableProps.ColumnDefinition<T>[];
  readonly id: (item: T) => string;
  readonly title: string;
  readonly description?: ReactNode;
  readonly actions?: ReactNode;
  /** The empty state. */
  readonly empty: { readonly title: string; readonly detail?: string; readonly action?: ReactNode };
  /** The placeholder of the search field; without one there is no search. */
  readonly filter?: string;
  readonly filterExtra?: ReactNode;
  readonly variant?: TableProps.Variant;
  /** Keeps the order of the items until the user sorts them. */
  readonly unsorted?: boolean;
  /** Wraps long texts. */
  readonly wrap?: boolean;
  readonly selection?: TableSelection<T> & { readonly label: (item: T) => string };
}

export function LiveTable<T>(props: LiveTableProps<T>) {
  const text = useText().parts.table;
  const { query } = props;
  const allItems = query.data ?? [];
  const { items, actions, filterProps, paginationProps, collectionProps, filteredItemsCount } = useCollection(allItems, {
    filtering: {},
    pagination: { pageSize: PAGE_SIZE },
    sorting: props.columns[0] && !props.unsorted ? { defaultState: { sortingColumn: props.columns[0] } } : {},
  });
  const { selection } = props;
  return (
    <SpaceBetween size="l">
      {query.status === "failed" ? <ErrorAlert error={query.error} onRetry={query.reload} /> : null}
      <Table
        {...collectionProps}
        items={items}
        empty={
          query.data === undefined ? (
            <Box textAlign="center">{text.unknown}</Box>
          ) : allItems.length === 0 ? (
            <Empty {...props.empty} />
          ) : (
            <Empty title={text.noMatch} action={<Button onClick={() => { actions.setFiltering(""); }}>{text.clear}</Button>} />
          )
        }
        columnDefinitions={props.columns}
        trackBy={props.id}
        variant={props.variant ?? "container"}
        loading={query.status === "loading"}
        loadingText={text.loading}
        wrapLines={props.wrap ?? false}
        stickyHeader={props.variant === "full-page"}
        header={
          <Header
            variant={props.variant === "full-page" ? "awsui-h1-sticky" : "h2"}
            counter={query.data ? `(${allItems.length})` : undefined}
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
        pagination={allItems.length > PAGE_SIZE ? <Pagination {...paginationProps} /> : undefined}
        {...(selection
          ? {
              selectionType: "single" as const,
              selectedItems: selection.selected === undefined ? [] : [selection.selected],
              onSelectionChange: ({ detail }: { detail: { selectedItems: T[] } }) => { selection.select(detail.selectedItems[0]); },
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
