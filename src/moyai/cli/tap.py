"""``moyai tap``: a service's requests as they happen."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Annotated, Any, Final, NamedTuple

import typer

from moyai.cli.choice import name_of, unknown_service
from moyai.cli.options import ENDPOINT, REGION, Cluster, Endpoint, Json, Region
from moyai.cli.remote import Remote
from moyai.cli.snapshot import clusters_of, describe_all, running_tasks
from moyai.cli.spans import OFF, Span, describe, is_attempt, time_of
from moyai.cli.text import echo

_MAX_SPANS: Final = 10_000
_STATUS: Final = re.compile(r"[1-5]xx|[1-5][0-9]{2}|none")
_CLASS: Final = "xx"


class _Filter(NamedTuple):
    """The filter of the spans that are printed. An empty member accepts every span."""

    method: str = ""
    path: str = ""
    status: str = ""
    slower_than: int = 0
    """Milliseconds."""

    def selects(self, span: Span) -> bool:
        attributes = span["attributes"]
        status = str(attributes.get("http.response.status_code", "none"))
        return (
            self.method in {"", span["name"]}
            and (not self.path or fnmatchcase(attributes.get("url.path", "/"), self.path))
            and (not self.status or status == self.status or self.status == f"{status[0]}{_CLASS}")
            and span["duration"] * 1000 >= self.slower_than
        )


def tap(  # noqa: PLR0913, PLR0917 (every option of a command is a parameter)
    service: Annotated[str, typer.Argument(help="Name or ARN of a service, or the name of a virtual node.")],
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
    cluster: Cluster = None,
    outgoing: Annotated[
        bool, typer.Option("--outgoing", help="Requests that the service sends, instead of those that it gets.")
    ] = False,
    source: Annotated[str | None, typer.Option(help="Only requests of this service, or from this address.")] = None,
    method: Annotated[str, typer.Option(help="Only this method.")] = "",
    path: Annotated[str, typer.Option(help="Only paths like this, with * and ?.")] = "",
    status: Annotated[str, typer.Option(help="Only this status: 404, 5xx, or none without an answer.")] = "",
    slower_than: Annotated[int, typer.Option(help="Only requests that took so many milliseconds.", min=0)] = 0,
    limit: Annotated[
        int, typer.Option("--limit", "-n", help="End after so many requests.", min=1, max=_MAX_SPANS)
    ] = _MAX_SPANS,
    as_json: Json = False,
) -> None:
    """Print a service's requests as they happen, until Ctrl-C. Only traced requests (`moyai up --trace-sampling`) are
    shown. A reader that is too slow misses some.
    """
    if status and not _STATUS.fullmatch(status):
        raise typer.BadParameter(f"{status!r} is not 404, 5xx or none", param_hint="--status")
    remote = Remote(endpoint, region)
    if not remote.read("spans", limit=1)["sampling"]:
        echo(OFF, err=True)
        raise typer.Exit(1)
    span_filter = _Filter(method.upper(), path, status, slower_than)
    _warn_of_unknown(remote, name_of(service))
    spans = _spans(remote, name_of(service), None if cluster is None else name_of(cluster))
    remaining, kind = limit, "client" if outgoing else "server"
    with contextlib.suppress(KeyboardInterrupt):
        for span, caller in _with_callers(remote, spans):
            if span["kind"] != kind or is_attempt(span) or not span_filter.selects(span):
                continue
            if source is not None and source not in {caller, span["attributes"].get("client.address", "")}:
                continue
            _print(span, caller, as_json=as_json)
            remaining -= 1
            if not remaining:
                return


def _warn_of_unknown(remote: Remote, name: str) -> None:
    """Warn that no service has this name: unless a virtual node has it, nothing will ever be printed."""
    services = {s["serviceName"] for arn in clusters_of(remote) for s in describe_all(remote, "services", arn)}
    if name not in services:
        message = unknown_service(name, services).message
        echo(f"{message[0].upper()}{message[1:]}. Waiting for a virtual node of this name.", err=True)


def _spans(remote: Remote, service: str, cluster: str | None) -> Iterator[Span]:
    query: dict[str, Any] = {"service": service, "cluster": cluster, "follow": "true", "limit": _MAX_SPANS}
    while True:  # the server ends a stream after so many spans
        for span in remote.lines("spans", endless=True, **query):
            if "message" in span:
                raise typer.BadParameter(span["message"])
            yield span


def _with_callers(remote: Remote, spans: Iterator[Span]) -> Iterator[tuple[Span, str]]:
    """Each span with the service of the calling task; empty for a caller that is no running task. Spans of a proxy that
    tasks share name the calling service themselves.
    """
    services: dict[str, str] = {}
    for span in spans:
        address = span["attributes"].get("client.address", "")
        if address and address not in services:
            services |= {task["address"]: task["group"].removeprefix("service:") for task in running_tasks(remote)}
            services.setdefault(address, "")
        yield span, services.get(address, "") or str(span["attributes"].get("peer.service", ""))


def _print(span: Span, caller: str, *, as_json: bool) -> None:
    if as_json:
        echo(json.dumps({**span, "caller": caller}))
        return
    origin = caller or span["attributes"].get("client.address", "")
    echo(f"{time_of(span)} {origin + ' → ' if origin and span['kind'] == 'server' else ''}{describe(span)}")
