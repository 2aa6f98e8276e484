// The edges as a table, which can be sorted and read by screen readers.

import { useCollection } from "@cloudscape-design/collection-hooks";
import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import Link from "@cloudscape-design/components/link";
import Pagination from "@cloudscape-design/components/pagination";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { usePreferences } from "../../app/preferences.tsx";
import { useText } from "../../i18n/useText.ts";
import { formatCount, formatMs, formatPercent, formatRate } from "../../traffic/model/format.ts";
import { type Edge, targetName, toneOf, workloadId } from "../../traffic/model/mesh.ts";
import { TONE_STATUS } from "./toneStatus.ts";
import { workloadLabel } from "./workloadLabel.ts";

const PAGE_SIZE = 50;

export interface EdgeTableProps {
  readonly edges: readonly Edge[];
  readonly variant: "container" | "embedded";
  readonly onSelect: (edge: Edge) => void;
}

export function EdgeTable({ edges, variant, onSelect }: EdgeTableProps) {
  const text = useText().traffic;
  const columns = useColumns(onSelect);
  const { items, collectionProps, paginationProps } = useCollection(edges, {
    pagination: { pageSize: PAGE_SIZE },
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
      pagination={edges.length > PAGE_SIZE ? <Pagination {...paginationProps} /> : undefined}
      empty={<Box textAlign="center">{text.empty.title}</Box>}
    />
  );
}

function useColumns(onSelect: (edge: Edge) => void): TableProps.ColumnDefinition<Edge>[] {
  const words = useText().traffic;
  const text = words.table;
  const { language } = usePreferences();
  const number = (id: "retries" | "timeouts" | "failures" | "requests" | "ejected", header: string) => ({
    id,
    header,
    cell: (edge: Edge) => formatCount(edge[id], language),
    sortingField: id,
  });
  const time = (id: "p50" | "p95" | "p99") => ({
    id,
    header: `${id} ms`,
    cell: (edge: Edge) => formatMs(edge[id], language),
    sortingComparator: (a: Edge, b: Edge) => (a[id] ?? -1) - (b[id] ?? -1),
  });
  return [
    {
      id: "caller",
      header: text.caller,
      cell: (edge) => <WorkloadName name={workloadLabel(edge.caller, words)} deploying={isDeploying(edge, "caller")} label={text.deploying} />,
      sortingComparator: (a, b) => workloadLabel(a.caller, words).localeCompare(workloadLabel(b.caller, words)),
    },
    {
      id: "target",
      header: text.target,
      isRowHeader: true,
      cell: (edge) => (
        <Link href="#" onFollow={(event) => { event.preventDefault(); onSelect(edge); }} ariaLabel={text.open(workloadLabel(edge.caller, words), targetName(edge))}>
          <WorkloadName name={targetName(edge)} deploying={isDeploying(edge, "target")} label={text.deploying} />
        </Link>
      ),
      sortingComparator: (a, b) => targetName(a).localeCompare(targetName(b)),
    },
    { id: "rate", header: text.rate, cell: (edge) => formatRate(edge.rate, language), sortingField: "rate" },
    {
      id: "success",
      header: text.success,
      cell: (edge) => <StatusIndicator type={TONE_STATUS[toneOf(edge.success)]}>{formatPercent(edge.success, language)}</StatusIndicator>,
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

function WorkloadName({ name, deploying, label }: { name: string; deploying: boolean; label: string }) {
  return (
    <>
      {name}
      {deploying ? <span title={label} aria-label={label}> ↻</span> : null}
    </>
  );
}

function isDeploying(edge: Edge, end: "caller" | "target"): boolean {
  const callerId = workloadId(edge.caller);
  return edge.deploying.some((workload) => (workloadId(workload) === callerId) === (end === "caller"));
}
