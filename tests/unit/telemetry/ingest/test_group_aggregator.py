"""A metric is the same whether what its proxies count is added up before or not, and whenever somebody looks."""

from __future__ import annotations

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from moyai.domain.cloudwatch.metric import MetricId, metric_id
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ProxyId
from moyai.telemetry.reporters.connect_reporter import ServiceReporter
from moyai.testing.clock import EPOCH
from tests.unit.telemetry.pushes import SCOPE, Telemetry, push

PROXIES = {ProxyId(name): service for name, service in (("a1", "a"), ("a2", "a"), ("b1", "b"))}
ALONE = (("TargetDiscoveryName", "cart"),)
BY_A = (*ALONE, ("ServiceName", "a"), ("ClusterName", "shop"))
STORY = st.lists(
    st.tuples(
        st.integers(1, 4),
        st.sampled_from(sorted(PROXIES)),
        st.integers(0, 5),
        st.booleans(),
        st.sampled_from(["", "bread", "salt"]),
    ),
    min_size=1,
    max_size=25,
)
"""Seconds that pass, who reports, what it has counted, whether somebody looks then, and whom else it tells of."""


def telemetry_of_two_services() -> Telemetry:
    telemetry = Telemetry()
    telemetry.reporters |= {who: ServiceReporter(SCOPE, "shop", service, EPOCH) for who, service in PROXIES.items()}
    return telemetry


def found(telemetry: Telemetry, metric: MetricId, width: int) -> dict[int, tuple[float, ...]]:
    periods = telemetry.reader.periods(SCOPE, metric, (EPOCH, Instant(EPOCH + 3600)), width)
    return {
        int(start - EPOCH): (of.count, of.sum, of.minimum, of.maximum)
        for start, of in ((one.start, one.summary) for one in periods)
    }


def told(events: list[tuple[int, ProxyId, int]], services: str, width: int) -> dict[int, tuple[float, ...]]:
    """What there should be of a count: a task is a sample."""
    slots: defaultdict[int, defaultdict[ProxyId, int]] = defaultdict(lambda: defaultdict(int))
    for at, who, new in events:
        if PROXIES[who] in services and new:
            slots[at // width * width][who] += new
    return {
        start: (len(by), sum(by.values()), min(by.values()), max(by.values())) for start, by in sorted(slots.items())
    }


@given(STORY)
def test_counts_are_the_same_as_by_each_report(story):
    telemetry, at = telemetry_of_two_services(), 0
    counted = dict.fromkeys(PROXIES, 0)
    events = []
    for wait, who, new, looked_at, other in story:
        at += wait
        counted[who] += new
        events.append((at, who, new))
        numbers = {"cluster.egress.cart.upstream_rq_2xx": counted[who], "http.egress.cart.downstream_rq_total": 1}
        if other:
            numbers |= {f"http.egress.{other}.downstream_rq_total": 1}
        times = {"cluster.egress.cart.upstream_rq_time": ((0, counted[who], 0, 0, 0, 0), 2.0 * counted[who])}
        telemetry.record(who, push(at, numbers, {"cluster.egress.cart.membership_total": 2}, times), at)
        if looked_at:
            telemetry.reader.metrics(SCOPE)
    for dimensions, services in ((ALONE, "ab"), (BY_A, "a")):
        for width in (5, 60):
            expected = told(events, services, width)
            assert found(telemetry, metric_id("AWS/ECS", "HTTPCode_Target_2XX_Count", dimensions), width) == expected
            answers = found(telemetry, metric_id("AWS/ECS", "TargetResponseTime", dimensions), width)
            assert {start: (of[0], of[1]) for start, of in answers.items()} == {
                start: (of[1], 2.0 * of[1]) for start, of in expected.items()
            }


@given(STORY)
def test_a_level_has_a_sample_for_each_look(story):
    telemetry, at = telemetry_of_two_services(), 0
    looks: defaultdict[int, list[int]] = defaultdict(list)
    for wait, who, level, looked_at, _ in story:
        at += wait
        looks[at // 5 * 5].append(level)
        numbers = {"http.ingress.cart.downstream_cx_total": 1, "http.ingress.cart.downstream_rq_total": 1}
        telemetry.record(who, push(at, numbers, {"http.ingress.cart.downstream_cx_active": level}), at)
        if looked_at:
            telemetry.reader.metrics(SCOPE)
    metric = metric_id("AWS/ECS", "ActiveConnectionCount", (("DiscoveryName", "cart"),))
    assert found(telemetry, metric, 5) == {
        start: (len(levels), sum(levels), min(levels), max(levels)) for start, levels in looks.items()
    }


def test_what_is_still_buffered_is_forgotten_with_the_rest():
    telemetry = telemetry_of_two_services()
    telemetry.record(ProxyId("a1"), push(1, {"http.egress.cart.downstream_rq_total": 1}), 1)
    telemetry.recorder.reset(EPOCH)
    assert telemetry.reader.metrics(SCOPE) == []


def test_metrics_that_made_room_come_again():
    telemetry = telemetry_of_two_services()
    telemetry.record(ProxyId("a1"), push(1, {"http.egress.cart.downstream_rq_total": 1}), 1)
    telemetry.recorder.buffer.flush()
    for series in tuple(telemetry.head.in_scope(SCOPE).values()):
        telemetry.head.drop(series)
    telemetry.record(ProxyId("a1"), push(2, {"http.egress.cart.downstream_rq_total": 4}), 2)
    metric = metric_id("Moyai/ServiceConnect", "TargetRequestCount", BY_A)
    assert found(telemetry, metric, 5) == {0: (1, 4, 4, 4)}
