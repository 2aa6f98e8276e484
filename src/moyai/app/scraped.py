"""What Prometheus reads: ``/metrics``, this process, and ``/metrics/mesh``, the traffic.

Promise: without keys both are open, as the door is (and closed to web pages of other origins); with keys the scraper
gives one of them by basic authentication, its id as the user and its secret as the password, as ``basic_auth`` of a
scrape config does.
Source: https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import os
import resource
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from importlib.metadata import version
from itertools import islice
from types import MappingProxyType
from typing import Final

import msgspec

from moyai.api.asgi import Handler, Response, StreamedResponse
from moyai.api.door import Door
from moyai.api.sigv4 import KeyStore
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.kernel.clock import Instant
from moyai.kernel.figures import Count
from moyai.reconcile.loop import Reconciler
from moyai.store.sqlite import SqliteStore
from moyai.telemetry.appmesh_exposition import appmesh_families
from moyai.telemetry.connect_exposition import connect_families
from moyai.telemetry.exposition import CONTENT_TYPE, Family, Sample, Type, exposition, labels
from moyai.telemetry.totals import Shown, Totals
from moyai.xds.server.feed import Feed

PREFIX: Final = "/metrics"
_AT_ONCE: Final = 500
"""Values, or histograms."""
_TEXT = MappingProxyType({"content-type": CONTENT_TYPE, "cache-control": "no-store"})
_PLAIN = MappingProxyType({"content-type": "text/plain; charset=utf-8"})
_ASK = MappingProxyType({**_PLAIN, "www-authenticate": 'Basic realm="moyai", charset="UTF-8"'})


class Scraped(msgspec.Struct, frozen=True):
    """What is looked at."""

    runtime: str
    began: Instant
    door: Door
    store: SqliteStore
    feed: Feed
    totals: Totals
    reconciler: Callable[[], Reconciler | None]
    """The one that works now; None before the first."""


def metrics_handler(scraped: Scraped, keys: KeyStore | None) -> Handler:
    """Answers what is below ``/metrics``. ``keys``: None lets anybody read."""

    async def serve(request: HttpRequest) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return HttpResponse(405, _PLAIN, b"Use GET.\n")
        if keys is not None and not _may_read(request.headers.get("authorization", ""), keys):
            return HttpResponse(401, _ASK, b"Give an access key by basic authentication: its id, and its secret.\n")
        match request.path.rstrip("/"):
            case "/metrics":
                return _told(request, families(scraped))
            case "/metrics/mesh":
                return _told(request, mesh_families(scraped.totals.shown()))
            case _:
                return HttpResponse(404, _PLAIN, b"There are /metrics and /metrics/mesh.\n")

    return serve


def _told(request: HttpRequest, told: Iterable[Family]) -> Response:
    if request.method == "HEAD":
        return HttpResponse(200, _TEXT, b"")
    return StreamedResponse(200, _TEXT, _chunks(exposition(told)))


async def _chunks(lines: Iterator[str]) -> AsyncIterator[bytes]:
    """Some at a time: a large mesh has hundreds of thousands of lines, and nobody else waits for all of them."""
    while some := list(islice(lines, _AT_ONCE)):
        yield "".join(some).encode()
        await asyncio.sleep(0)


def _may_read(authorization: str, keys: KeyStore) -> bool:
    scheme, _, told = authorization.partition(" ")
    try:
        access_key, _, secret = base64.b64decode(told, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return False
    known = keys.secret(access_key)
    same = hmac.compare_digest((known or "").encode(), secret.encode())
    return scheme.lower() == "basic" and known is not None and same


def mesh_families(totals: Sequence[Shown]) -> Sequence[Family]:
    """The metrics of the traffic."""
    return [*connect_families(totals), *appmesh_families(totals)]


def families(scraped: Scraped) -> Sequence[Family]:
    """The metrics of this process."""
    about = Sample(labels(("version", version("moyai")), ("runtime", scraped.runtime)), 1)
    times = [
        Sample(labels(("service", service)), of.distribution) for service, of in sorted(scraped.door.times.items())
    ]
    alive = len(scraped.store.world.tasks.by("alive", "yes"))
    return [
        Family("moyai_info", Type.GAUGE, "What runs.", [about]),
        Family("moyai_tasks", Type.GAUGE, "Tasks that are not stopped.", [Sample("", alive)]),
        _counted(
            "moyai_requests_total", "Answers of the API.", scraped.door.answered, "service", "operation", "status"
        ),
        Family("moyai_request_duration_seconds", Type.HISTOGRAM, "Time of the API's answers.", times),
        *_reconciled(scraped.reconciler()),
        _counted("moyai_xds_responses_total", "Configurations, by what became of them.", scraped.feed.figures, "what"),
        _counted(
            "moyai_xds_streams_refused_total",
            "Proxies that were not let in, by gRPC's code.",
            scraped.feed.turned_away,
            "code",
        ),
        Family("moyai_proxies", Type.GAUGE, "Proxies, by state; one can be in several.", list(_proxies(scraped.feed))),
        Family(
            "moyai_store_commit_duration_seconds",
            Type.HISTOGRAM,
            "Time of a commit of the state.",
            [Sample("", scraped.store.commits.distribution)],
        ),
        *_process(scraped.began),
    ]


def _counted(name: str, text: str, count: Count, *named: str) -> Family:
    samples = [Sample(labels(*zip(named, names, strict=True)), value) for names, value in count.items()]
    return Family(name, Type.COUNTER, text, samples)


def _reconciled(reconciler: Reconciler | None) -> Iterator[Family]:
    if reconciler is None:
        return
    queue = reconciler.queue
    yield Family("moyai_reconcile_queue_length", Type.GAUGE, "Keys that wait.", [Sample("", queue.length)])
    yield _counted("moyai_reconcile_keys_total", "Keys that were worked on.", queue.figures, "outcome")


def _proxies(feed: Feed) -> Iterator[Sample]:
    states = feed.states().values()
    yield Sample('state="connected"', sum(state.connected for state in states))
    yield Sample('state="synced"', sum(state.synced for state in states))
    yield Sample('state="rejected"', sum(state.rejected is not None for state in states))


def _process(began: Instant) -> Iterator[Family]:
    """This process, under the names that all Prometheus clients have for it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123  a file of the kernel's
        resident = int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    for name, kind, text, value in (
        ("cpu_seconds_total", Type.COUNTER, "Processor time.", used.ru_utime + used.ru_stime),
        ("resident_memory_bytes", Type.GAUGE, "Memory.", resident),
        ("open_fds", Type.GAUGE, "Open file descriptors.", len(os.listdir("/proc/self/fd"))),  # noqa: PTH208
        ("start_time_seconds", Type.GAUGE, "When it began.", began),
    ):
        yield Family(f"process_{name}", kind, text, [Sample("", value)])
