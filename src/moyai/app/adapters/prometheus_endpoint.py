"""The endpoint for Prometheus: ``/metrics`` has the metrics of this process, ``/metrics/mesh`` those of the traffic.

Promise: without access keys both are open, like the API gateway, but closed to web pages of other origins. With access
keys the scraper authenticates by basic authentication, the key's id as the user and its secret as the password, as
``basic_auth`` of a scrape configuration does.
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
from moyai.telemetry.exposition.text import CONTENT_TYPE, LabelledSample, MetricFamily, MetricType, exposition, labels
from moyai.telemetry.ingest.totals import SavedTotal, Totals
from moyai.xds.server.feed import Feed

PREFIX: Final = "/metrics"
_LINES_PER_CHUNK: Final = 500
"""A line is a value, or a whole histogram."""
_TEXT = MappingProxyType({"content-type": CONTENT_TYPE, "cache-control": "no-store"})
_PLAIN = MappingProxyType({"content-type": "text/plain; charset=utf-8"})
_UNAUTHORIZED = MappingProxyType({**_PLAIN, "www-authenticate": 'Basic realm="moyai", charset="UTF-8"'})


class MetricSources(msgspec.Struct, frozen=True):
    """The objects whose metrics are exposed."""

    runtime: str
    began: Instant
    gateway: ApiGateway
    store: SqliteStore
    feed: Feed
    totals: Totals
    reconciler: Callable[[], Reconciler | None]
    """Returns the reconciler that runs now; None before the first."""


def metrics_handler(sources: MetricSources, keys: KeyStore | None) -> Handler:
    """A handler for paths below ``/metrics``. ``keys``: None = no authentication."""

    async def serve(request: HttpRequest) -> Response:
        if request.method not in {"GET", "HEAD"}:
            return HttpResponse(405, _PLAIN, b"Use GET.\n")
        if keys is not None and not _is_authenticated(request.headers.get("authorization", ""), keys):
            return HttpResponse(
                401, _UNAUTHORIZED, b"Give an access key by basic authentication: its id, and its secret.\n"
            )
        match request.path.rstrip("/"):
            case "/metrics":
                return _response(request, families(sources))
            case "/metrics/mesh":
                return _response(request, mesh_families(sources.totals.saved_totals()))
            case _:
                return HttpResponse(404, _PLAIN, b"There are /metrics and /metrics/mesh.\n")

    return serve


def _response(request: HttpRequest, metrics: Iterable[MetricFamily]) -> Response:
    if request.method == "HEAD":
        return HttpResponse(200, _TEXT, b"")
    return StreamedResponse(200, _TEXT, _chunks(exposition(metrics)))


async def _chunks(lines: Iterator[str]) -> AsyncIterator[bytes]:
    """Chunks of lines, between which other tasks run: a large mesh has hundreds of thousands of lines."""
    while chunk := list(islice(lines, _LINES_PER_CHUNK)):
        yield "".join(chunk).encode()
        await asyncio.sleep(0)


def _is_authenticated(authorization: str, keys: KeyStore) -> bool:
    scheme, _, credentials = authorization.partition(" ")
    try:
        access_key, _, secret = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return False
    known = keys.secret(access_key)
    is_same = hmac.compare_digest((known or "").encode(), secret.encode())
    return scheme.lower() == "basic" and known is not None and is_same


def mesh_families(totals: Sequence[SavedTotal]) -> Sequence[MetricFamily]:
    """The metrics of the traffic."""
    return [*connect_families(totals), *appmesh_families(totals)]


def families(sources: MetricSources) -> Sequence[MetricFamily]:
    """The metrics of this process."""
    info = LabelledSample(labels(("version", version("moyai")), ("runtime", sources.runtime)), 1)
    times = [
        LabelledSample(labels(("service", service)), histogram.snapshot())
        for service, histogram in sorted(sources.gateway.durations.items())
    ]
    alive = len(sources.store.world.tasks.by("alive", "yes"))
    return [
        MetricFamily("moyai_info", MetricType.GAUGE, "Version and runtime of this process.", [info]),
        MetricFamily("moyai_tasks", MetricType.GAUGE, "Tasks that are not stopped.", [LabelledSample("", alive)]),
        _counter("moyai_requests_total", "API responses.", sources.gateway.responses, "service", "operation", "status"),
        MetricFamily("moyai_request_duration_seconds", MetricType.HISTOGRAM, "Duration of API requests.", times),
        *_reconciler_families(sources.reconciler()),
        _counter("moyai_xds_responses_total", "xDS responses, pushed and refused.", sources.feed.responses, "what"),
        _counter(
            "moyai_xds_streams_refused_total",
            "xDS streams that were refused, by gRPC status code.",
            sources.feed.rejected_streams,
            "code",
        ),
        MetricFamily(
            "moyai_proxies", MetricType.GAUGE, "Proxies by state; one can have several.", list(_proxies(sources.feed))
        ),
        MetricFamily(
            "moyai_store_commit_duration_seconds",
            MetricType.HISTOGRAM,
            "Duration of commits of the state.",
            [LabelledSample("", sources.store.commits.snapshot())],
        ),
        *_process_families(sources.began),
    ]


def _counter(name: str, text: str, counter: Counter, *label_names: str) -> MetricFamily:
    samples = [
        LabelledSample(labels(*zip(label_names, values, strict=True)), count) for values, count in counter.items()
    ]
    return MetricFamily(name, MetricType.COUNTER, text, samples)


def _reconciler_families(reconciler: Reconciler | None) -> Iterator[MetricFamily]:
    if reconciler is None:
        return
    queue = reconciler.queue
    yield MetricFamily(
        "moyai_reconcile_queue_length", MetricType.GAUGE, "Keys in the work queue.", [LabelledSample("", queue.length)]
    )
    yield _counter("moyai_reconcile_keys_total", "Keys that were reconciled.", queue.outcomes, "outcome")


def _proxies(feed: Feed) -> Iterator[LabelledSample]:
    states = feed.states().values()
    yield LabelledSample('state="connected"', sum(state.connected for state in states))
    yield LabelledSample('state="synced"', sum(state.synced for state in states))
    yield LabelledSample('state="rejected"', sum(state.rejection is not None for state in states))


def _process_families(began: Instant) -> Iterator[MetricFamily]:
    """The metrics of any process, under the names that all Prometheus clients use."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123  a file of the kernel's
        resident = int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    for name, kind, text, value in (
        ("cpu_seconds_total", MetricType.COUNTER, "CPU time.", usage.ru_utime + usage.ru_stime),
        ("resident_memory_bytes", MetricType.GAUGE, "Resident memory.", resident),
        ("open_fds", MetricType.GAUGE, "Open file descriptors.", len(os.listdir("/proc/self/fd"))),  # noqa: PTH208
        ("start_time_seconds", MetricType.GAUGE, "Start time.", began),
    ):
        yield MetricFamily(f"process_{name}", kind, text, [LabelledSample("", value)])
