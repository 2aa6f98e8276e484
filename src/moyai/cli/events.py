"""``moyai events``: the events of services, which say what ECS did and what kept it from doing so."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final, NamedTuple

import typer

from moyai.cli.choice import clusters_named, name_of, unknown_service
from moyai.cli.options import ENDPOINT, REGION, Cluster, Endpoint, Json, Region, seconds_ago
from moyai.cli.remote import Remote
from moyai.cli.snapshot import describe_all
from moyai.cli.text import echo

_POLL_SECONDS: Final = 2.0


class _Event(NamedTuple):
    at: float
    cluster: str
    service: str
    id: str
    message: str


def events(  # noqa: PLR0913, PLR0917 (every option of a command is a parameter)
    service: Annotated[str | None, typer.Argument(help="Name or ARN of a service; by default all services.")] = None,
    endpoint: Endpoint = ENDPOINT,
    region: Region = REGION,
    cluster: Cluster = None,
    since: Annotated[str | None, typer.Option(help="Only the last 90s, 5m, 1h, 2d.")] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Keep printing new events until Ctrl-C.")] = False,
    as_json: Json = False,
) -> None:
    """Print the events of a service, or of all services, oldest first. ECS keeps the last 100 of each."""
    remote = Remote(endpoint, region)
    earliest = 0.0 if since is None else seconds_ago(since, "--since")
    seen: set[str] = set()
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            current = _read(remote, cluster, service)
            for event in current:
                if event.id not in seen and event.at >= earliest:
                    _print(event, as_json=as_json)
            seen = {event.id for event in current}
            if not follow:
                return
            time.sleep(_POLL_SECONDS)


def _read(remote: Remote, cluster: str | None, service: str | None) -> list[_Event]:
    """The events that ECS has, oldest first. Raises BadParameter when there is no such service."""
    records = [record for arn in clusters_named(remote, cluster) for record in describe_all(remote, "services", arn)]
    matches = [record for record in records if service is None or record["serviceName"] == name_of(service)]
    if service is not None and not matches:
        raise unknown_service(name_of(service), (record["serviceName"] for record in records))
    return sorted(event for record in matches for event in _events_of(record))


def _events_of(record: Mapping[str, Any]) -> Iterator[_Event]:
    cluster = record["clusterArn"].rpartition("/")[2]
    for event in record["events"]:
        yield _Event(event["createdAt"], cluster, record["serviceName"], event["id"], event["message"])


def _print(event: _Event, *, as_json: bool) -> None:
    if as_json:
        echo(json.dumps(event._asdict()))
        return
    at = datetime.fromtimestamp(event.at, UTC).isoformat(timespec="seconds")
    message = event.message.removeprefix(f"(service {event.service}) ")
    echo(f"{at} {event.cluster}/{event.service} {message}")
