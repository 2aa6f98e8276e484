"""``moyai explain``: why a call got the answer that it got."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

import typer

from moyai.cli.choice import choose_task
from moyai.cli.options import ENDPOINT, REGION, Endpoint, Json, Region
from moyai.cli.proxy.commands import configuration_of
from moyai.cli.proxy.configuration import Row, route_rows
from moyai.cli.remote import Remote
from moyai.cli.snapshot import running_tasks, stopped_tasks
from moyai.cli.spans import Span, flags_text, is_attempt, tree_lines
from moyai.cli.text import echo
from moyai.cli.trace import spans_of

_LAST_PORT = 65_535


def explain(
    reference: Annotated[
        str,
        typer.Argument(metavar="TASK|REQUEST-ID", help="A task or service, with NAME; or a request's x-request-id."),
    ],
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="NAME or NAME:PORT that the task calls.")] = None,
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
    as_json: Json = False,
) -> None:
    """Explain why a task's calls of a name end as they do, or what became of one traced request.

    With TASK NAME: which names the task's deployment knows, who is behind the name, the routes to it with timeouts and
    retries, and which endpoints get requests.
    With REQUEST-ID: the request's way through the proxies, with all attempts and what Envoy says of them.
    """
    remote = Remote(endpoint, region)
    if name is None:
        spans = spans_of(remote, reference)
        echo(*([json.dumps(spans)] if as_json else _request_lines(spans)))
        return
    host, port = _host_and_port(name)
    running = list(running_tasks(remote))
    task = choose_task(reference, running, stopped_tasks(remote))
    answer = remote.read("explain", task=task["id"], name=host, port=port)
    routes = (
        _routes_to(answer["target"], configuration_of(remote, task)) if answer["target"] and task in running else []
    )
    echo(*([json.dumps({**answer, "routes": routes})] if as_json else _name_lines(task, answer, routes)))


def _host_and_port(name: str) -> tuple[str, int | None]:
    host, colon, port = name.partition(":")
    if colon and not (port.isdecimal() and len(port) <= len(str(_LAST_PORT)) and 0 < int(port) <= _LAST_PORT):
        raise typer.BadParameter(f"{name!r} is not NAME or NAME:PORT", param_hint="NAME")
    return host, int(port) if colon else None


def _routes_to(target: str, configuration: Mapping[str, Any]) -> list[Row]:
    """The routes to a discovery service, whose ID the names of its clusters end with."""
    discovery_service = target.rpartition("/")[2]
    return [row for row in route_rows(configuration) if row["routes"].endswith(f"/{discovery_service}")]


def _name_lines(task: Mapping[str, Any], answer: Mapping[str, Any], routes: Sequence[Row]) -> Iterator[str]:
    yield f"{answer['name']} from {task['group'].removeprefix('service:')} ({task['id']}): {answer['verdict']}"
    yield f"  {answer['reason']}"
    if answer["remedy"]:
        yield f"  -> {answer['remedy']}"
    if answer["service"]:
        yield f"offered by: {answer['service']}"
    for route in routes:
        yield f"route {route['match']}: timeout {route['timeout'] or 'none'}, retries {route['retries']}"
    for candidate in answer["candidates"]:
        counts = f"{candidate['requests']} requests, {candidate['errors']} failed, {candidate['active']} active"
        why = f"; no requests: {candidate['why_not']}" if candidate["why_not"] else ""
        yield f"endpoint {candidate['address']}:{candidate['port']} (task {candidate['task'] or '-'}): {counts}{why}"
    yield f"names that the task knows: {' '.join(answer['names']) or 'none'}"


def _request_lines(spans: Sequence[Span]) -> Iterator[str]:
    """The tree of a request's spans, then what went wrong in words."""
    yield f"trace {spans[0]['trace']}"
    yield from tree_lines(spans)
    attempts = sum(map(is_attempt, spans))
    retried = [span for span in spans if span["attributes"].get("http.request.resend_count")]
    yield f"{attempts} attempts, {len(retried)} of them retries"
    for span in spans:
        flags = str(span["attributes"].get("envoy.response_flags", ""))
        if flags:
            cluster = span["attributes"].get("envoy.upstream_cluster", "no cluster")
            yield f"{span['resource'].get('service.name', '')}: {flags} at {cluster}: {flags_text(flags)}"
