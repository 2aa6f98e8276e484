// The same edges as a table: for screen readers, for the keyboard, and to sort by.

import { useCollection } from "@cloudscape-design/collection-hooks";
import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import Pagination from "@cloudscape-design/components/pagination";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { usePreferences } from "../../app/preferences.tsx";
import { useText } from "../../i18n/useText.ts";
import { countText, msText, percentText, rateText } from "../../traffic/format.ts";
import { calledName, type Edge, partyId, partyName, toneOf } from "../../traffic/values.ts";

const PAGE = 50;
const STATUS = { good: "success", fair: "warning", bad: "error", none: "pending" } as const;

export interface EdgeTableProps {
  readonly edges: readonly Edge[];
  readonly variant: "container" | "embedded";
  readonly onChoose: (edge: Edge) => void;
}

export function EdgeTable({ edges, variant, onChoose }: EdgeTableProps) {
  const text = useText().traffic;
  const columns = useColumns(onChoose);
  const { items, collectionProps, paginationProps } = useCollection(edges, {
    pagination: { pageSize: PAGE },
    sorting: {},
  });
  return (
    <Table
      {...collectionProps}
      variant={variant}
      items={items}
      columnDefinitions={columns}
      trackBy="id"
      stickyHeader
      resizableColumns={false}
      header={<Header counter={`(${edges.length})`}>{text.table.title}</Header>}
      pagination={edges.length > PAGE ? <Pagination {...paginationProps} /> : undefined}
      empty={<Box textAlign="center">{text.empty.title}</Box>}
    />
  );
}

function useColumns(onChoose: (edge: Edge) => void): TableProps.ColumnDefinition<Edge>[] {
  const text = useText().traffic.table;
  const { language } = usePreferences();
  const number = (id: "retries" | "timeouts" | "failures" | "requests" | "ejected", header: string) => ({
    id,
    header,
    cell: (edge: Edge) => countText(edge[id], language),
    sortingField: id,
  });
  const time = (id: "p50" | "p95" | "p99") => ({
    id,
    header: `${id} ms`,
    cell: (edge: Edge) => msText(edge[id], language),
    sortingComparator: (a: Edge, b: Edge) => (a[id] ?? -1) - (b[id] ?? -1),
  });
  return [
    {
      id: "caller",
      header: text.caller,
      cell: (edge) => <Named name={partyName(edge.caller)} deploying={isDeploying(edge, "caller")} label={text.deploying} />,
      sortingComparator: (a, b) => partyName(a.caller).localeCompare(partyName(b.caller)),
    },
    {
      id: "target",
      header: text.target,
      isRowHeader: true,
      cell: (edge) => (
        <Link href="#" onFollow={(event) => { event.preventDefault(); onChoose(edge); }} ariaLabel={text.open(partyName(edge.caller), calledName(edge))}>
          <Named name={calledName(edge)} deploying={isDeploying(edge, "target")} label={text.deploying} />
        </Link>
      ),
      sortingComparator: (a, b) => calledName(a).localeCompare(calledName(b)),
    },
    { id: "rate", header: text.rate, cell: (edge) => rateText(edge.rate, language), sortingField: "rate" },
    {
      id: "success",
      header: text.success,
      cell: (edge) => <StatusIndicator type={STATUS[toneOf(edge.success)]}>{percentText(edge.success, language)}</StatusIndicator>,
      sortingComparator: (a, b) => (a.success ?? 2) - (b.success ?? 2),
    },
    time("p50"),
    time("p95"),
    time("p99"),
    number("requests", text.requests),
    number("failures", text.failures),
    number("retries", text.retries),
    number("timeouts", text.timeouts),
    number("ejected", text.ejected),
  ];
}

function Named({ name, deploying, label }: { name: string; deploying: boolean; label: string }) {
  return (
    <>
      {name}
      {deploying ? <span title={label} aria-label={label}> ↻</span> : null}
    </>
  );
}

function isDeploying(edge: Edge, end: "caller" | "target"): boolean {
  const own = partyId(edge.caller);
  return edge.deploying.some((party) => (partyId(party) === own) === (end === "caller"));
}
