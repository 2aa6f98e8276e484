"""A metric is the same whether its proxies' counts are added up in advance or not, and whenever it is read."""

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
REPORTS = st.lists(
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
"""Seconds that pass, the proxy that reports, its count, whether a query follows, and another name that it reports."""


def telemetry_of_two_services() -> Telemetry:
    telemetry = Telemetry()
    telemetry.reporters |= {proxy: ServiceReporter(SCOPE, "shop", service, EPOCH) for proxy, service in PROXIES.items()}
    return telemetry


def summaries(telemetry: Telemetry, metric: MetricId, width: int) -> dict[int, tuple[float, ...]]:
    periods = telemetry.reader.periods(SCOPE, metric, (EPOCH, Instant(EPOCH + 3600)), width)
    return {
        int(start - EPOCH): (of.count, of.sum, of.minimum, of.maximum)
        for start, of in ((period.start, period.summary) for period in periods)
    }


def expected_counts(events: list[tuple[int, ProxyId, int]], services: str, width: int) -> dict[int, tuple[float, ...]]:
    """The expected summaries of a count, in which a task is a sample."""
    slots: defaultdict[int, defaultdict[ProxyId, int]] = defaultdict(lambda: defaultdict(int))
    for at, proxy, new in events:
        if PROXIES[proxy] in services and new:
            slots[at // width * width][proxy] += new
    return {
        start: (len(by), sum(by.values()), min(by.values()), max(by.values())) for start, by in sorted(slots.items())
    }


@given(REPORTS)
def test_counts_are_the_same_as_by_each_report(reports):
    telemetry, at = telemetry_of_two_services(), 0
    counted = dict.fromkeys(PROXIES, 0)
    events = []
    for wait, proxy, new, queried, other in reports:
        at += wait
        counted[proxy] += new
        events.append((at, proxy, new))
        numbers = {"cluster.egress.cart.upstream_rq_2xx": counted[proxy], "http.egress.cart.downstream_rq_completed": 1}
        if other:
            numbers |= {f"http.egress.{other}.downstream_rq_completed": 1}
        times = {"cluster.egress.cart.upstream_rq_time": ((0, counted[proxy], 0, 0, 0, 0), 2.0 * counted[proxy])}
        telemetry.record(proxy, push(at, numbers, {"cluster.egress.cart.membership_total": 2}, times), at)
        if queried:
            telemetry.reader.metrics(SCOPE)
    for dimensions, services in ((ALONE, "ab"), (BY_A, "a")):
        for width in (5, 60):
            expected = expected_counts(events, services, width)
            assert (
                summaries(telemetry, metric_id("AWS/ECS", "HTTPCode_Target_2XX_Count", dimensions), width) == expected
            )
            answers = summaries(telemetry, metric_id("AWS/ECS", "TargetResponseTime", dimensions), width)
            assert {start: (of[0], of[1]) for start, of in answers.items()} == {
                start: (of[1], 2.0 * of[1]) for start, of in expected.items()
            }


@given(REPORTS)
def test_a_gauge_has_a_sample_for_each_report(reports):
    telemetry, at = telemetry_of_two_services(), 0
    values_by_slot: defaultdict[int, list[int]] = defaultdict(list)
    for wait, proxy, level, queried, _ in reports:
        at += wait
        values_by_slot[at // 5 * 5].append(level)
        numbers = {"http.ingress.cart.downstream_cx_total": 1, "http.ingress.cart.downstream_rq_completed": 1}
        telemetry.record(proxy, push(at, numbers, {"http.ingress.cart.downstream_cx_active": level}), at)
        if queried:
            telemetry.reader.metrics(SCOPE)
    metric = metric_id("AWS/ECS", "ActiveConnectionCount", (("DiscoveryName", "cart"),))
    assert summaries(telemetry, metric, 5) == {
        start: (len(levels), sum(levels), min(levels), max(levels)) for start, levels in values_by_slot.items()
    }


def test_a_reset_drops_buffered_reports():
    telemetry = telemetry_of_two_services()
    telemetry.record(ProxyId("a1"), push(1, {"http.egress.cart.downstream_rq_completed": 1}), 1)
    telemetry.recorder.reset(EPOCH)
    assert telemetry.reader.metrics(SCOPE) == []


def test_evicted_metrics_are_created_again():
    telemetry = telemetry_of_two_services()
    telemetry.record(ProxyId("a1"), push(1, {"http.egress.cart.downstream_rq_completed": 1}), 1)
    telemetry.recorder.buffer.flush()
    for series in tuple(telemetry.head.in_scope(SCOPE).values()):
        telemetry.head.drop(series)
    telemetry.record(ProxyId("a1"), push(2, {"http.egress.cart.downstream_rq_completed": 4}), 2)
    metric = metric_id("Moyai/ServiceConnect", "TargetRequestCount", BY_A)
    assert summaries(telemetry, metric, 5) == {0: (1, 4, 4, 4)}
