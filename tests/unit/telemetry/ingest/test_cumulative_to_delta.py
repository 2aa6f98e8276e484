"""Deltas of cumulative counts, whatever is lost, late or repeated."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moyai.telemetry.ingest.cumulative_to_delta import DeltaState, subtract
from moyai.telemetry.ingest.push_decoder import DecodedPush, PushDecoders
from moyai.telemetry.ingest.push_schema import CountArrays
from moyai.telemetry.reporters.connect_stats import CONNECT_STATS
from moyai.telemetry.reporters.envoy_stats import EndpointCounter
from tests.unit.telemetry.pushes import BOUNDS, push

DECODERS = PushDecoders()
NONE: tuple[int, ...] = (0, 0, 0, 0, 0, 0)
STEPS = st.lists(st.integers(0, 50), min_size=1, max_size=20)
Deltas = dict[str, tuple[int, tuple[int, ...], float]]
"""By discovery name: requests, buckets, and the sum of times."""


def report(
    second: int, proxy_start: int = 0, times: tuple[int, ...] | None = None, total: float = 0, **requests: int
) -> DecodedPush:
    """A report of so many requests to each name; ``times``: those to the cart."""
    numbers = {"server.total_connections": 1} | {
        statistic: many
        for name, many in requests.items()
        for statistic in (f"http.egress.{name}.downstream_rq_completed", f"cluster.egress.{name}.upstream_rq_2xx")
    }
    timed = None if times is None else {"cluster.egress.cart.upstream_rq_time": (times, total)}
    return DECODERS.decoder(CONNECT_STATS)(push(second, numbers, {}, timed, proxy_start=proxy_start))


def count_report(state: DeltaState, decoded: DecodedPush, *, baseline: bool = False) -> Deltas:
    """Count a report. Its deltas."""
    before = state.previous(decoded, is_baseline=baseline)
    if before is None:
        return {}
    schema = decoded.schema
    now = schema.compute(decoded.values[np.newaxis])[0]
    new = subtract(schema, now, CountArrays(before.counts[np.newaxis], before.sums[np.newaxis]))
    state.commit(decoded, now.row(0), has_news=bool(new.counts.any()))
    deltas: Deltas = {}
    for block in schema.blocks:
        counters, buckets = block.counters(new.counts)[0], block.buckets(new.counts)[0]
        for at, endpoint in enumerate(block.endpoints):
            total = float(new.sums[0, block.sums][at]) if block.bounds else 0.0
            deltas[endpoint.name] = (int(counters[EndpointCounter.REQUESTS, at]), tuple(buckets[:, at].tolist()), total)
    return deltas


def total(state: DeltaState, pushes: list[DecodedPush]) -> int:
    return sum(new[0] for each_push in pushes for new in count_report(state, each_push).values())


@given(STEPS, st.data())
def test_the_deltas_add_up_to_the_last_count_that_arrived(steps, data):
    sent = [report(second + 1, cart=sum(steps[: second + 1])) for second in range(len(steps))]
    arrived = [at for at in range(len(sent)) if data.draw(st.booleans())]
    counted_total = total(DeltaState(), [sent[at] for at in arrived])
    assert counted_total == (sum(steps[: arrived[-1] + 1]) if arrived else 0)


@given(STEPS, st.data())
def test_repeated_and_late_reports_add_nothing(steps, data):
    sent = [report(second + 1, cart=sum(steps[: second + 1])) for second in range(len(steps))]
    noisy = []
    for second, one in enumerate(sent):
        again = data.draw(st.lists(st.sampled_from(sent[: second + 1]), max_size=3))
        noisy += [one, *again]
    assert total(DeltaState(), noisy) == sum(steps)


@given(st.lists(STEPS, min_size=1, max_size=4))
def test_a_count_that_goes_down_has_restarted(runs):
    state, second, counted = DeltaState(), 0, 0
    for steps in runs:
        for count in (0, *(sum(steps[: n + 1]) for n in range(len(steps)))):
            second += 1
            counted += total(state, [report(second, cart=count)])
    assert counted == sum(map(sum, runs))


@given(st.lists(st.tuples(*[st.integers(0, 9)] * 6), min_size=1, max_size=10))
def test_histograms_add_up_bucket_by_bucket(steps):
    state, counts, seen, spent = DeltaState(), NONE, NONE, 0.0
    for second, step in enumerate(steps, 1):
        counts = tuple(a + b for a, b in zip(counts, step, strict=True))
        _, buckets, sum_ = count_report(state, report(second, cart=1, times=counts, total=2.0 * sum(counts)))["cart"]
        assert buckets == step
        seen, spent = tuple(a + b for a, b in zip(seen, buckets, strict=True)), spent + sum_
    assert (seen, spent) == (counts, 2.0 * sum(counts))


def test_a_histogram_restarts_as_a_whole():
    state = DeltaState()
    count_report(state, report(1, cart=9, times=(1, 5, 0, 0, 0, 0), total=20.0))
    assert count_report(state, report(2, cart=9, times=(3, 1, 0, 0, 0, 0), total=7.0))["cart"] == (
        0,
        (3, 1, 0, 0, 0, 0),
        7.0,
    )


@pytest.mark.parametrize("total", [float("nan"), float("inf"), -1.0])
def test_an_impossible_sum_is_ignored(total):
    state = DeltaState()
    count_report(state, report(1, cart=1, times=(1, 0, 0, 0, 0, 0), total=5.0))
    assert count_report(state, report(2, cart=2, times=(2, 0, 0, 0, 0, 0), total=total))["cart"] == (
        1,
        (1, 0, 0, 0, 0, 0),
        0.0,
    )


def test_a_count_that_was_missing_from_a_report_has_restarted():
    assert total(DeltaState(), [report(1, cart=10), report(2), report(3, cart=12)]) == 22


def test_a_lost_report_restarts_no_count():
    assert total(DeltaState(), [report(1, cart=10), report(3, cart=12)]) == 12


def test_both_parts_of_one_flush_count():
    assert total(DeltaState(), [report(1, cart=10), report(1, prices=5)]) == 15


@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12),
    st.booleans(),
)
def test_an_endpoint_counts_on_while_others_come_and_go(steps, restarts):
    """The cart is in each report; others come and go, its own times as well."""
    state, requests, counts = DeltaState(), 0, NONE
    for second, (others, timed, new, quick) in enumerate(steps, 1):
        requests += new
        before, counts = counts, (counts[0] + quick, *counts[1:])
        more = {"bread": 3, "prices": second} if others else {}
        pushed_report = report(second, cart=requests, times=counts if timed else None, **more)
        deltas = count_report(state, pushed_report)
        assert deltas["cart"][0] == new
        if timed and second > 1 and steps[second - 2][1]:
            assert deltas["cart"][1][0] == counts[0] - before[0]
        if restarts:
            state = DeltaState.deserialize(state.serialize())


def test_a_restarted_proxy_counts_from_0():
    assert total(DeltaState(), [report(1, proxy_start=1, cart=10), report(2, proxy_start=2, cart=12)]) == 22


@given(STEPS, st.data())
def test_a_clock_that_is_set_back_loses_no_count(steps, data):
    """However far and whenever it happens, also when the control plane restarts."""
    state, second, requests, counted = DeltaState(), 100_000, 0, 0
    for step in steps:
        second += data.draw(st.sampled_from((5, 5, -5, -300, -9000)))
        requests += step
        counted += total(state, [report(second, proxy_start=1, cart=requests)])
        if data.draw(st.booleans()):
            state = DeltaState.deserialize(state.serialize())
    counted += total(state, [report(second - 4000, proxy_start=1, cart=requests)])
    assert counted == requests


def test_both_parts_of_a_flush_count_when_the_clock_was_set_back():
    flushes = [
        [report(second, cart=many), report(second, bread=many)] for second, many in ((100, 10), (40, 15), (45, 17))
    ]
    assert total(DeltaState(), [part for flush in flushes for part in flush]) == 34


@pytest.mark.parametrize(
    ("second", "proxy_start"), [(-50, 3), (-4000, 1)], ids=["a little", "to before the proxy's start"]
)
def test_a_restarted_proxy_counts_though_its_clock_was_set_back(second, proxy_start):
    state = DeltaState()
    assert (
        total(state, [report(5000, proxy_start=2, cart=10), report(5000 + second, proxy_start=proxy_start, cart=4)])
        == 14
    )
    assert total(state, [report(5005 + second, proxy_start=proxy_start, cart=5)]) == 1


def test_a_late_report_is_no_clock_that_was_set_back():
    sent = [report(1, cart=10, bread=1), report(2, cart=12), report(3, cart=12), report(4, cart=15)]
    for late in sent[:3]:
        assert total(DeltaState(), [*sent, late, report(5, cart=16)]) == 17


@pytest.mark.parametrize(("later", "new"), [(10, 0), (13, 3)])
def test_only_reports_after_a_baseline_count(later, new):
    state = DeltaState()
    assert count_report(state, report(1, cart=10), baseline=True)["cart"][0] == 0
    assert state.changed
    assert total(state, [report(2, cart=later)]) == new


def test_an_unchanged_state_need_not_be_saved_again():
    state, changed = DeltaState(), []
    for one in (report(1, cart=10), report(2, cart=10), report(3), report(4)):
        count_report(state, one)
        changed.append(state.changed)
        state.serialize()
    assert changed == [True, False, True, False]


ENDPOINT = ["egress", "cart", 10**9, [7, *[0] * 10], [7, 0, 0, 0, 0, 0], 3.5, 0]


def serialize_state(endpoint: list[object]) -> bytes:
    """A serialized state: proxy start, time of the last report and of the one before, bounds, and endpoints."""
    return msgspec.msgpack.encode([0, 10**9, 0, [BOUNDS], [endpoint]])


def test_the_state_of_earlier_versions_is_read():
    new = count_report(
        DeltaState.deserialize(serialize_state(ENDPOINT)), report(2, cart=9, times=(8, 0, 0, 0, 0, 0), total=4.0)
    )
    assert new["cart"] == (2, (1, 0, 0, 0, 0, 0), 0.5)


@pytest.mark.parametrize(
    ("index", "value"),
    [
        pytest.param(3, [7], id="other counters"),
        pytest.param(3, [2**63, *[0] * 10], id="larger numbers"),
        pytest.param(4, [7, 0], id="other buckets"),
        pytest.param(6, 1, id="bounds that are not there"),
        pytest.param(6, -1, id="bounds before the first"),
    ],
)
def test_other_bytes_are_refused(index, value):
    with pytest.raises((msgspec.MsgspecError, ValueError)):
        DeltaState.deserialize(serialize_state([*ENDPOINT[:index], value, *ENDPOINT[index + 1 :]]))
