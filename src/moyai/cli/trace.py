"""``moyai trace``: the newest traces that proxies have reported, without a collector."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json, Region
from moyai.cli.remote import Remote
from moyai.cli.spans import OFF, Span, request_line, time_of, tree_lines
from moyai.cli.text import echo

_TRACE_DIGITS = 32
_ALL_SPANS = 20_000
_WHEN_COMPLETE = "A trace is listed three seconds after its last request ended, when all proxies have reported it."


def trace(
    reference: Annotated[
        str | None, typer.Argument(metavar="ID", help="A trace's ID or a request's x-request-id: show its spans.")
    ] = None,
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
    service: Annotated[str | None, typer.Option(help="Only traces in which this service took part.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", help="Number of traces.", min=1, max=1000)] = 20,
    as_json: Json = False,
) -> None:
    """Show the newest traces, or the spans of one. The server keeps the last 20,000 spans in memory, and lists a trace
    three seconds after its last request ended, when all proxies have reported their spans.
    """
    remote = Remote(endpoint, region)
    if reference is not None:
        spans = spans_of(remote, reference)
        if as_json:
            echo(json.dumps(spans))
        else:
            echo(f"trace {spans[0]['trace']}", *tree_lines(spans))
        return
    report = remote.read("spans", service=service, traces=limit, limit=_ALL_SPANS)
    traces = list(_by_trace(report["spans"]).values())
    if as_json:
        echo(json.dumps(traces))
    elif traces:
        echo(*map(_summary, reversed(traces)))
    else:
        part = "" if service is None else f" in which {service!r} took part"
        echo(f"No trace{part} is known yet. {_WHEN_COMPLETE}" if report["sampling"] else OFF)


def spans_of(remote: Remote, reference: str) -> Sequence[Span]:
    """The spans of the trace with this ID, or of the trace of this request. Raises BadParameter."""
    trace_id = reference
    if len(reference) != _TRACE_DIGITS:
        report = remote.read("spans", request=reference, limit=1)
        if not report["spans"]:
            reason = "it may be older than the spans that are kept, or was not sampled" if report["sampling"] else OFF
            raise typer.BadParameter(f"no span of {reference!r} is known: {reason}", param_hint="ID")
        trace_id = report["spans"][0]["trace"]
    spans: Sequence[Span] = remote.read("spans", trace=trace_id, limit=_ALL_SPANS)["spans"]
    if not spans:
        raise typer.BadParameter(f"no trace {trace_id!r} is known", param_hint="ID")
    return spans


def _by_trace(spans: Sequence[Span]) -> Mapping[str, list[Span]]:
    """The spans of each trace, the trace with the newest span first."""
    traces: dict[str, list[Span]] = {}
    for span in spans:
        traces.setdefault(span["trace"], []).append(span)
    return traces


def _summary(spans: Sequence[Span]) -> str:
    """A trace in one line: its first span, and who took part."""
    first: Mapping[str, Any] = min(spans, key=_start)
    services = " → ".join(dict.fromkeys(s["resource"].get("service.name", "") for s in sorted(spans, key=_start)))
    errors = sum(span["is_error"] for span in spans)
    failed = f", {errors} failed" if errors else ""
    return f"{time_of(first)} {first['trace']} {request_line(first)}  {services}, {len(spans)} spans{failed}"


def _start(span: Span) -> float:
    return float(span["start"])
