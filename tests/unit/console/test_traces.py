"""Which traces the console shows: those of an account and a Region, of one service, and the spans of one."""

from __future__ import annotations

import msgspec
import pytest

from moyai.api.wire.http import HttpRequest
from moyai.console.traces import TracesEndpoint
from moyai.kernel.clock import Instant
from moyai.kernel.ids import AccountId, ProxyId, Region
from moyai.kernel.scope import DEFAULT_SCOPE, Scope
from moyai.telemetry.reporters.connect_reporter import ServiceReporter
from moyai.telemetry.traces.recorder import SpanRecorder
from moyai.testing.clock import EPOCH, ManualClock
from tests.unit.telemetry.traces.envoy_spans import ATTEMPT, REQUEST, raw, report

FRONT = ProxyId("arn:aws:ecs:us-east-1:123456789012:task/shop/1")
CATALOG = ProxyId("arn:aws:ecs:us-east-1:123456789012:task/shop/2")
ABROAD = ProxyId("arn:aws:ecs:eu-west-1:123456789012:task/shop/3")
SCOPE = f"account={DEFAULT_SCOPE.account}&region={DEFAULT_SCOPE.region}"
REPORTERS = {
    FRONT: ServiceReporter(DEFAULT_SCOPE, "shop", "front", Instant(0)),
    CATALOG: ServiceReporter(DEFAULT_SCOPE, "shop", "catalog", Instant(0)),
    ABROAD: ServiceReporter(Scope(DEFAULT_SCOPE.account, Region("eu-west-1")), "shop", "front", Instant(0)),
}
SERVED = {**REQUEST, "upstream_cluster": "arn:aws:ecs:task/shop/2/app:8080", "http.status_code": "200", "error": ""}
ENDED = 1.75
"""The instant at which every span of a report ends."""
FIRST, SECOND, FOREIGN = "11" * 16, "22" * 16, "33" * 16


@pytest.fixture
def recorder():
    """One trace of front and catalog, a later one of front alone, and one of another Region."""
    recorder = SpanRecorder(REPORTERS.get, 5, ManualClock())
    recorder.receive(FRONT, report(raw(1, REQUEST, trace=FIRST), raw(2, ATTEMPT, f"{1:016x}", FIRST)))
    recorder.receive(CATALOG, report(raw(3, SERVED, f"{2:016x}", FIRST)))
    recorder.receive(FRONT, report(raw(4, {**REQUEST, "guid:x-request-id": "r-2"}, trace=SECOND)))
    recorder.receive(ABROAD, report(raw(5, {**REQUEST, "guid:x-request-id": "r-3"}, trace=FOREIGN)))
    return recorder


@pytest.fixture
def endpoint(recorder):
    return TracesEndpoint(recorder, ManualClock())


async def answer(endpoint, query, account=None, method="GET"):
    response = await endpoint.answer(HttpRequest(method, "/console/data/traces", query, {}), account)
    return response.status, msgspec.json.decode(response.body)


async def test_traces_are_listed_with_who_took_part_the_newest_first(endpoint):
    status, body = await answer(endpoint, SCOPE)
    assert (status, body["sampling"]) == (200, 5)
    assert [(trace["id"], trace["services"], trace["spans"], trace["errors"]) for trace in body["traces"]] == [
        (SECOND, ["front"], 1, 1),
        (FIRST, ["front", "catalog"], 3, 1),
    ]
    assert body["traces"][1]["requestId"] == "r-1"


@pytest.mark.parametrize(
    ("selection", "traces"),
    [
        ("service=catalog", [FIRST]),
        ("service=catalog&cluster=shop", [FIRST]),
        ("service=catalog&cluster=other", []),
        ("service=front&namespace=other", []),
        ("service=front", [SECOND, FIRST]),
    ],
)
async def test_a_service_selects_the_traces_that_it_took_part_in(endpoint, selection, traces):
    _, body = await answer(endpoint, f"{SCOPE}&{selection}")
    assert [trace["id"] for trace in body["traces"]] == traces


@pytest.mark.parametrize("selection", [f"trace={FIRST}", "request=r-1"])
async def test_one_trace_is_shown_with_all_its_spans(endpoint, selection):
    _, body = await answer(endpoint, f"{SCOPE}&{selection}")
    assert {span["id"] for span in body["spans"]} == {f"{number:016x}" for number in (1, 2, 3)}


def receive(recorder: SpanRecorder, seconds: range, rate: int, clock: ManualClock) -> None:
    """So many requests a second of front to catalog. The proxy of catalog reports them a second after that of front."""
    for second in seconds:
        clock.jump(1)
        now = second * rate
        requests = (raw(n, REQUEST, trace=f"{n:032x}") for n in range(now, now + rate))
        recorder.receive(FRONT, report(*requests, later=second))
        served = (raw(n, SERVED, f"{n:016x}", f"{n:032x}") for n in range(now - rate, now))
        recorder.receive(CATALOG, report(*served, later=second - 1))


async def test_complete_traces_are_listed_while_more_spans_come_than_can_be_kept():
    clock = ManualClock(Instant(1.5))
    recorder = SpanRecorder(REPORTERS.get, 5, clock, 120)
    receive(recorder, range(1, 31), 50, clock)
    _, body = await answer(TracesEndpoint(recorder, clock), SCOPE)
    assert len(body["traces"]) >= 10
    assert {(*trace["services"], trace["spans"]) for trace in body["traces"]} == {("front", "catalog", 2)}
    newest = body["traces"][0]["id"]
    assert len((await answer(TracesEndpoint(recorder, clock), f"{SCOPE}&trace={newest}"))[1]["spans"]) == 2


async def test_every_trace_is_listed_again_once_fewer_spans_come():
    clock = ManualClock(Instant(1.5))
    recorder = SpanRecorder(REPORTERS.get, 5, clock, 120)
    receive(recorder, range(1, 31), 50, clock)
    receive(recorder, range(31, 61), 2, clock)
    _, body = await answer(TracesEndpoint(recorder, clock), SCOPE)
    newest = [int(trace["id"], 16) for trace in body["traces"]]
    assert newest[:20] == list(range(newest[0], newest[0] - 20, -1))


async def test_a_new_trace_that_is_not_in_the_sample_is_found_by_its_id_and_its_request():
    clock = ManualClock(Instant(1.5))
    recorder = SpanRecorder(REPORTERS.get, 5, clock, 120)
    receive(recorder, range(1, 31), 50, clock)
    trace = f"{2**16 - 1:032x}"
    recorder.receive(FRONT, report(raw(9, {**REQUEST, "guid:x-request-id": "r-9"}, trace=trace), later=30))
    for selection in (f"trace={trace}", "request=r-9"):
        _, body = await answer(TracesEndpoint(recorder, clock), f"{SCOPE}&{selection}")
        assert [span["trace"] for span in body["spans"]] == [trace]


async def test_the_spans_of_traces_are_limited(recorder):
    for _ in range(5):
        recorder.receive(FRONT, report(*(raw(n, REQUEST, trace=FIRST) for n in range(1_000))))
    (trace,) = (t for t in recorder.traces(DEFAULT_SCOPE.account, DEFAULT_SCOPE.region) if t.spans[0].trace == FIRST)
    assert len(trace.spans) == 2_000
    small = SpanRecorder(REPORTERS.get, 5, ManualClock(), 120)
    for first in range(0, 1_000, 100):
        small.receive(FRONT, report(*(raw(n, REQUEST, trace=f"{n:032x}") for n in range(first, first + 100))))
    assert sum(len(t.spans) for t in small.traces(DEFAULT_SCOPE.account, DEFAULT_SCOPE.region)) <= 120


@pytest.mark.parametrize(
    ("now", "is_listed"),
    [(ENDED - 60, True), (ENDED - 1, False), (ENDED, False), (ENDED + 2.9, False), (ENDED + 3, True), (EPOCH, True)],
)
async def test_a_trace_is_listed_when_every_proxy_has_had_the_time_to_report_it(recorder, now, is_listed):
    endpoint = TracesEndpoint(recorder, ManualClock(Instant(now)))
    assert bool((await answer(endpoint, SCOPE))[1]["traces"]) is is_listed
    assert len((await answer(endpoint, f"{SCOPE}&trace={FIRST}"))[1]["spans"]) == 3


async def test_a_trace_waits_for_the_reports_of_a_span_that_ended_late(recorder):
    recorder.receive(FRONT, report(raw(6, ATTEMPT, f"{1:016x}", FIRST), longer=5))
    endpoint = TracesEndpoint(recorder, ManualClock(Instant(ENDED + 5.1)))
    assert [trace["id"] for trace in (await answer(endpoint, SCOPE))[1]["traces"]] == [SECOND]


async def test_a_complete_trace_is_listed_behind_very_many_new_spans(recorder):
    new = report(*(raw(number, REQUEST, trace=f"{number:032x}") for number in range(10, 1_010)), longer=5)
    for _ in range(6):
        recorder.receive(FRONT, new)
    endpoint = TracesEndpoint(recorder, ManualClock(Instant(ENDED + 5.1)))
    assert [trace["id"] for trace in (await answer(endpoint, SCOPE))[1]["traces"]] == [SECOND, FIRST]


async def test_another_regions_trace_is_not_shown(endpoint):
    for selection in (f"trace={FOREIGN}", "request=r-3"):
        assert (await answer(endpoint, f"{SCOPE}&{selection}"))[1]["spans"] == []


async def test_a_login_reads_its_own_account(endpoint):
    assert (await answer(endpoint, SCOPE, AccountId("999999999999")))[0] == 403
    assert (await answer(endpoint, SCOPE, DEFAULT_SCOPE.account))[0] == 200


@pytest.mark.parametrize("query", ["", "account=1&region=us-east-1", f"{SCOPE}&unknown=1"])
async def test_an_incomplete_request_for_traces_is_refused(endpoint, query):
    assert (await answer(endpoint, query))[0] == 400
    assert (await answer(endpoint, SCOPE, method="POST"))[0] == 405
