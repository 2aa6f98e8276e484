"""The table of the mesh, fitted to the terminal's width. Pure.

In a narrow terminal columns are dropped by rank and long names are shortened in the middle; rate and success stay.
Colours are never the only sign: ``!`` and ``!!`` follow a low success rate, ``↻`` a service that is being deployed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal, NamedTuple

from rich.table import Table
from rich.text import Text

from moyai.cli.mesh.values import Edge, MeshTraffic, Party
from moyai.cli.mesh.view import Group, View, group_edges, target_name
from moyai.cli.text import printable

_GOOD: Final = 0.999
_FAIR: Final = 0.99
_GAP: Final = 2
_SHORTEST_NAME: Final = 8
"""The number of characters to which a name is shortened at most."""
_NO_CALLS: Final = "No calls in this time (--since, --region). `moyai status` shows what runs."
_NOTHING: Final = "-"
_ROUNDING_ERROR: Final = 1e-9
"""Added before truncation, because 1 - 4/5 is less than 0.2 as a float."""
_TEN, _HUNDRED = 10, 100


_Groups = Sequence[tuple[str, Sequence[Edge]]]


class _Column(NamedTuple):
    """A column of the table. In a narrow terminal the column with the highest ``rank`` is dropped first; 0 stays."""

    name: str
    cell: Callable[[Edge, View], Text]
    rank: int = 0
    justify: Literal["left", "right"] = "right"


def table(mesh: MeshTraffic, view: View, width: int) -> Table:
    """The table: a row for each edge, grouped as the view says."""
    result = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, header_style="bold")
    if not mesh.edges:
        result.add_column(_NO_CALLS)
        return result
    groups = group_edges(mesh.edges, view)
    columns = _fit_columns(groups, view, width)
    for column in columns:
        result.add_column(column.name, justify=column.justify, no_wrap=True, overflow="ellipsis")
    for title, edges in groups:
        if title:
            result.add_row(_shorten(Text(printable(title), "bold cyan"), columns[_COLUMNS[0]]))
        for edge in edges:
            result.add_row(*(_shorten(column.cell(edge, view), wide) for column, wide in columns.items()))
    return result


def rows(mesh: MeshTraffic, view: View) -> int:
    """The number of rows below the table's head."""
    return sum(len(edges) + bool(title) for title, edges in group_edges(mesh.edges, view))


def headline(mesh: MeshTraffic) -> Text:
    """A line with the totals of all edges, which it calls connections."""
    requests, failures = sum(e.requests for e in mesh.edges), sum(e.failures for e in mesh.edges)
    count = f"{len(mesh.edges)} connection{'s' if len(mesh.edges) != 1 else ''}"
    text = Text(f"{count}  {rate_text(requests / mesh.span.seconds)}/s  ")
    text.append_text(success_text(1 - failures / requests if requests else None))
    busy = {party for edge in mesh.edges for party in edge.deploying}
    if busy:
        text.append(f"  {len(busy)} deploying ↻", "magenta")
    ejected = sum(edge.ejected for edge in mesh.edges)
    if ejected:
        text.append(f"  {ejected} ejected", "yellow")
    return text


def _fit_columns(groups: _Groups, view: View, width: int) -> dict[_Column, int]:
    """The columns that fit, with their widths."""
    widths = {column: _needed_width(column, groups, view) for column in _COLUMNS}
    for column in sorted(_COLUMNS, key=lambda c: -c.rank):
        if _width(widths) <= width or not column.rank:
            break
        del widths[column]
    caller, target, *_ = _COLUMNS
    space = width - _width(widths) + widths[caller] + widths[target]
    if widths[caller] + widths[target] > space:
        half = space // 2
        target_width = min(widths[target], max(half, space - widths[caller], _SHORTEST_NAME))
        widths |= {caller: max(space - target_width, _SHORTEST_NAME), target: target_width}
    return widths


def _width(columns: Mapping[_Column, int]) -> int:
    return sum(columns.values()) + _GAP * (len(columns) - 1)


def _needed_width(column: _Column, groups: _Groups, view: View) -> int:
    cells = (column.cell(edge, view).cell_len for _, edges in groups for edge in edges)
    titles = (len(printable(title)) for title, _ in groups if column is _COLUMNS[0])
    return max(len(column.name), *cells, *titles)


def _shorten(text: Text, width: int) -> Text:
    """The text in this width, with its middle left out: signs at its end stay visible."""
    if text.cell_len <= width:
        return text
    shown_width = max(width - 1, 0)
    return text[: shown_width // 2].append("…").append_text(text[len(text) - (shown_width - shown_width // 2) :])


def _caller(edge: Edge, view: View) -> Text:
    name = printable(edge.caller.service if view.group is Group.CLUSTER else str(edge.caller))
    text = Text(f"  {name}" if view.group is not Group.NONE else name)
    return text.append_text(_deploying(edge, (edge.caller,)))


def _target(edge: Edge, view: View) -> Text:
    del view
    text = Text(printable(target_name(edge)))
    if edge.protocol == "tcp":
        text.append(" tcp", "dim")
    return text.append_text(_deploying(edge, edge.targets))


def _deploying(edge: Edge, parties: Iterable[Party]) -> Text:
    return Text(" ↻", "magenta") if set(parties) & set(edge.deploying) else Text()


def success_text(share: float | None) -> Text:
    """A success rate, from 0 to 1, in percent. None: no requests."""
    if share is None:
        return Text(_NOTHING)
    percent = int(share * 10_000 + _ROUNDING_ERROR) / 100  # truncated, so that 100 % means that no request failed
    text = f"{percent:.2f}".rstrip("0").rstrip(".") + " %"
    if share >= _GOOD:
        return Text(text, "green")
    return Text(f"{text} !", "yellow") if share >= _FAIR else Text(f"{text} !!", "bold red")


def rate_text(per_second: float) -> str:
    """Requests per second, with three digits or more."""
    if per_second >= _HUNDRED:
        return f"{per_second:,.0f}"
    return f"{per_second:.1f}" if per_second >= _TEN else f"{per_second:.2f}"


def milliseconds_text(value: float | None) -> Text:
    """A duration in ms."""
    return Text(_NOTHING if value is None else f"{value:,.1f}")


def _count(value: int, style: str) -> Text:
    return Text(f"{value:,}", style) if value else Text("0", "dim")


_COLUMNS: Final = (
    _Column("CALLER", _caller, justify="left"),
    _Column("TARGET", _target, justify="left"),
    _Column("RATE/S", lambda e, _: Text(rate_text(e.rate))),
    _Column("SUCCESS", lambda e, _: success_text(e.success)),
    _Column("P50 MS", lambda e, _: milliseconds_text(e.p50), 3),
    _Column("P95 MS", lambda e, _: milliseconds_text(e.p95), 6),
    _Column("P99 MS", lambda e, _: milliseconds_text(e.p99), 1),
    _Column("REQUESTS", lambda e, _: Text(f"{e.requests:,}"), 8),
    _Column("FAILED", lambda e, _: _count(e.failures, "red"), 4),
    _Column("RETRIES", lambda e, _: _count(e.retries, "yellow"), 5),
    _Column("TIMEOUTS", lambda e, _: _count(e.timeouts, "yellow"), 7),
    _Column("EJECTED", lambda e, _: _count(e.ejected, "yellow"), 2),
)
