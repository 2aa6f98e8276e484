"""``moyai top``: each service's requests, response times, CPU and memory, updated every few seconds.

Requests are those of Service Connect. App Mesh counts those of virtual nodes, which ``moyai mesh`` shows.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from moyai.cli.choice import name_of, unknown_service
from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json, Region, duration
from moyai.cli.remote import Remote
from moyai.cli.text import printable

if TYPE_CHECKING:  # Rich is imported when a table is drawn
    from rich.console import Console

    from moyai.cli.mesh.values import MeshTraffic, Span

_MINUTE: Final = 60
_SERVICES_AT_ONCE: Final = 250
"""GetMetricData takes 500 queries, and a service has two."""
_NOTHING: Final = "-"


class TopOrder(StrEnum):
    """The column by which rows are sorted."""

    RATE = "rate"
    SUCCESS = "success"
    P99 = "p99"
    CPU = "cpu"
    MEMORY = "memory"
    NAME = "name"


class _Usage(NamedTuple):
    """Percent of what a service's tasks reserve, on average of its tasks; None without a measurement."""

    cpu: float | None = None
    memory: float | None = None


class _Row(NamedTuple):
    """A service. ``p50`` and ``p99``, in ms, are those of the caller that waits longest."""

    cluster: str
    service: str
    running: int
    desired: int
    rate: float
    success: float | None
    p50: float | None
    p99: float | None
    cpu: float | None
    memory: float | None


def top(  # noqa: PLR0913, PLR0917 (every option of a command is a parameter)
    service: Annotated[str | None, typer.Argument(help="Show only this service, by name or ARN.")] = None,
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
    since: Annotated[str, typer.Option(help="How far to look back: 90s, 5m, 1h, 2d.")] = "1m",
    sort: Annotated[TopOrder, typer.Option(help="Order of the rows.")] = TopOrder.RATE,
    watch: Annotated[float, typer.Option("--watch", "-w", help="Seconds between two updates.", min=1)] = 5.0,
    once: Annotated[bool, typer.Option("--once", help="Print once, also in a terminal.")] = False,
    as_json: Json = False,
) -> None:
    """Show the requests, response times, CPU and memory of services. In a terminal it is updated until Ctrl-C. Response
    times are those that the slowest caller sees; CPU and memory are percentages of what the tasks reserve.
    """
    from moyai.cli.mesh.reader import MeshReader
    from moyai.cli.output import can_redraw, console

    remote, seconds = Remote(endpoint, region), duration(since, "--since")
    reader, out = MeshReader(remote), console()
    is_live = can_redraw(out) and sys.stdout.isatty() and not (once or as_json)
    with suppress(KeyboardInterrupt):
        while True:
            rows = _rank_rows(_rows(remote, reader, seconds, None if service is None else name_of(service)), sort)
            if as_json:
                typer.echo(json.dumps([row._asdict() for row in rows], indent=2))
                return
            if is_live:
                out.clear()
            _print(out, rows)
            if not is_live:
                return
            time.sleep(watch)


def _rows(remote: Remote, reader: Any, seconds: int, service: str | None) -> list[_Row]:  # noqa: ANN401 (imported late)
    from moyai.app.clock import SystemClock
    from moyai.cli.mesh.metrics import span_back
    from moyai.cli.snapshot import clusters_of, describe_all

    all_services = [s for cluster in clusters_of(remote) for s in describe_all(remote, "services", cluster)]
    services = [s for s in all_services if service in {None, s["serviceName"]}]
    if service is not None and not services:
        raise unknown_service(service, (s["serviceName"] for s in all_services))
    span = span_back(SystemClock().now(), seconds)
    traffic: MeshTraffic = reader.read(span)
    usage = _usage(remote, [(_cluster_of(s), s["serviceName"]) for s in services], span)
    return [_row(s, traffic, usage) for s in services]


def _row(service: Mapping[str, Any], traffic: MeshTraffic, usage: Mapping[tuple[str, str], _Usage]) -> _Row:
    key = _cluster_of(service), service["serviceName"]
    edges = [e for e in traffic.edges if any((t.cluster, t.service) == key for t in e.targets)]
    requests, failures = sum(e.requests for e in edges), sum(e.failures for e in edges)
    return _Row(
        *key,
        service["runningCount"],
        service["desiredCount"],
        requests / traffic.span.seconds,
        max(1 - failures / requests, 0.0) if requests else None,
        _longest(edge.p50 for edge in edges),
        _longest(edge.p99 for edge in edges),
        *usage.get(key, _Usage()),
    )


def _longest(times: Iterable[float | None]) -> float | None:
    return max((ms for ms in times if ms is not None), default=None)


def _cluster_of(service: Mapping[str, Any]) -> str:
    return str(service["clusterArn"].rpartition("/")[2])


def _usage(remote: Remote, services: Sequence[tuple[str, str]], span: Span) -> dict[tuple[str, str], _Usage]:
    """The utilization of services by cluster and name: the newest minute of the span that has one."""
    cloudwatch, values = remote.client("cloudwatch"), dict[str, float]()
    numbered = list(enumerate(services))
    for first in range(0, len(numbered), _SERVICES_AT_ONCE):
        batch = numbered[first : first + _SERVICES_AT_ONCE]
        queries = [query for number, key in batch for query in _queries(number, *key)]
        answer = cloudwatch.get_metric_data(MetricDataQueries=queries, StartTime=span.start - _MINUTE, EndTime=span.end)
        values |= {result["Id"]: result["Values"][0] for result in answer["MetricDataResults"] if result["Values"]}
    return {key: _Usage(values.get(f"cpu{number}"), values.get(f"memory{number}")) for number, key in numbered}


def _queries(number: int, cluster: str, service: str) -> Iterator[dict[str, Any]]:
    dimensions = [{"Name": "ClusterName", "Value": cluster}, {"Name": "ServiceName", "Value": service}]
    for name, metric in (("cpu", "CPUUtilization"), ("memory", "MemoryUtilization")):
        metric_stat = {
            "Metric": {"Namespace": "AWS/ECS", "MetricName": metric, "Dimensions": dimensions},
            "Period": _MINUTE,
            "Stat": "Average",
        }
        yield {"Id": f"{name}{number}", "MetricStat": metric_stat}


def _rank_rows(rows: Iterable[_Row], order: TopOrder) -> list[_Row]:
    """The rows that need attention first: the most requests, the lowest success, the longest times."""

    def rank(row: _Row) -> tuple[float, str, str]:
        if order is TopOrder.NAME:
            return 0, row.cluster, row.service
        value = getattr(row, order)
        if order is TopOrder.SUCCESS:
            return 2.0 if value is None else value, row.cluster, row.service
        return -(value or 0), row.cluster, row.service

    return sorted(rows, key=rank)


def _print(out: Console, rows: Sequence[_Row]) -> None:
    from rich.table import Table

    from moyai.cli.mesh.table import milliseconds_text, rate_text, success_text

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    table.add_column("service", overflow="fold")
    for title in ("tasks", "requests/s", "success", "p50 ms", "p99 ms", "CPU", "memory"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in rows:
        times = map(milliseconds_text, (row.p50, row.p99))
        shares = (_NOTHING if share is None else f"{share:.1f} %" for share in (row.cpu, row.memory))
        name, tasks = printable(f"{row.cluster}/{row.service}"), f"{row.running}/{row.desired}"
        table.add_row(name, tasks, rate_text(row.rate), success_text(row.success), *times, *shares)
    out.print(table if rows else "There are no services in this region.")
