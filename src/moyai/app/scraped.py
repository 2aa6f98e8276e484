"""What Prometheus reads: ``/metrics``, this process, and ``/metrics/mesh``, the traffic.

Promise: without keys both are open, as the gateway is (and closed to web pages of other origins); with keys the scraper
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
from moyai.api.gateway import ApiGateway
from moyai.api.sigv4 import KeyStore
from moyai.api.wire.http import HttpRequest, HttpResponse
from moyai.kernel.clock import Instant
from moyai.kernel.metrics import Counter
from moyai.reconcile.loop import Reconciler
from moyai.store.sqlite import SqliteStore
from moyai.telemetry.exposition.appmesh import appmesh_families
from moyai.telemetry.exposition.connect import connect_families
from moyai.telemetry.exposition.text import (
    CONTENT_TYPE,
    LabelledSample,
    MetricFamily,
    MetricType,
    exposition,
    labels,
)
from moyai.telemetry.ingest.totals import SavedTotal, Totals
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
    gateway: ApiGateway
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
                return _told(request, mesh_families(scraped.totals.saved_totals()))
            case _:
                return HttpResponse(404, _PLAIN, b"There are /metrics and /metrics/mesh.\n")

    return serve


def _told(request: HttpRequest, told: Iterable[MetricFamily]) -> Response:
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


def mesh_families(totals: Sequence[SavedTotal]) -> Sequence[MetricFamily]:
    """The metrics of the traffic."""
    return [*connect_families(totals), *appmesh_families(totals)]


def families(scraped: Scraped) -> Sequence[MetricFamily]:
    """The metrics of this process."""
    about = LabelledSample(labels(("version", version("moyai")), ("runtime", scraped.runtime)), 1)
    times = [
        LabelledSample(labels(("service", service)), of.snapshot())
        for service, of in sorted(scraped.gateway.durations.items())
    ]
    alive = len(scraped.store.world.tasks.by("alive", "yes"))
    return [
        MetricFamily("moyai_info", MetricType.GAUGE, "What runs.", [about]),
        MetricFamily("moyai_tasks", MetricType.GAUGE, "Tasks that are not stopped.", [LabelledSample("", alive)]),
        _counted(
            "moyai_requests_total", "Answers of the API.", scraped.gateway.responses, "service", "operation", "status"
        ),
        MetricFamily("moyai_request_duration_seconds", MetricType.HISTOGRAM, "Time of the API's answers.", times),
        *_reconciled(scraped.reconciler()),
        _counted("moyai_xds_responses_total", "Configurations, by what became of them.", scraped.feed.figures, "what"),
        _counted(
            "moyai_xds_streams_refused_total",
            "Proxies that were not let in, by gRPC's code.",
            scraped.feed.turned_away,
            "code",
        ),
        MetricFamily(
            "moyai_proxies", MetricType.GAUGE, "Proxies, by state; one can be in several.", list(_proxies(scraped.feed))
        ),
        MetricFamily(
            "moyai_store_commit_duration_seconds",
            MetricType.HISTOGRAM,
            "Time of a commit of the state.",
            [LabelledSample("", scraped.store.commits.snapshot())],
        ),
        *_process(scraped.began),
    ]


def _counted(name: str, text: str, count: Counter, *named: str) -> MetricFamily:
    samples = [LabelledSample(labels(*zip(named, names, strict=True)), value) for names, value in count.items()]
    return MetricFamily(name, MetricType.COUNTER, text, samples)


def _reconciled(reconciler: Reconciler | None) -> Iterator[MetricFamily]:
    if reconciler is None:
        return
    queue = reconciler.queue
    yield MetricFamily(
        "moyai_reconcile_queue_length", MetricType.GAUGE, "Keys that wait.", [LabelledSample("", queue.length)]
    )
    yield _counted("moyai_reconcile_keys_total", "Keys that were worked on.", queue.figures, "outcome")


def _proxies(feed: Feed) -> Iterator[LabelledSample]:
    states = feed.states().values()
    yield LabelledSample('state="connected"', sum(state.connected for state in states))
    yield LabelledSample('state="synced"', sum(state.synced for state in states))
    yield LabelledSample('state="rejected"', sum(state.rejected is not None for state in states))


def _process(began: Instant) -> Iterator[MetricFamily]:
    """This process, under the names that all Prometheus clients have for it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123  a file of the kernel's
        resident = int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    for name, kind, text, value in (
        ("cpu_seconds_total", MetricType.COUNTER, "Processor time.", used.ru_utime + used.ru_stime),
        ("resident_memory_bytes", MetricType.GAUGE, "Memory.", resident),
        ("open_fds", MetricType.GAUGE, "Open file descriptors.", len(os.listdir("/proc/self/fd"))),  # noqa: PTH208
        ("start_time_seconds", MetricType.GAUGE, "When it began.", began),
    ):
        yield MetricFamily(f"process_{name}", kind, text, [LabelledSample("", value)])
