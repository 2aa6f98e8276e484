"""What is new in a report: sums that hold whatever is lost, late or repeated."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from moyai.telemetry.connect_stats import CONNECT
from moyai.telemetry.deltas import Counting, since
from moyai.telemetry.envoy_stats import Figure
from moyai.telemetry.pushes import Pushes, Reading
from moyai.telemetry.shape import Figures
from tests.unit.telemetry.pushes import BOUNDS, push

PUSHES = Pushes()
NONE: tuple[int, ...] = (0, 0, 0, 0, 0, 0)
STEPS = st.lists(st.integers(0, 50), min_size=1, max_size=20)
New = dict[str, tuple[int, tuple[int, ...], float]]
"""By discovery name: requests, buckets, and the sum of times."""


def report(
    second: int, began: int = 0, times: tuple[int, ...] | None = None, total: float = 0, **requests: int
) -> Reading:
    """So many requests to each name; ``times``: those to the cart."""
    numbers = {"server.total_connections": 1} | {
        f"http.egress.{name}.downstream_rq_total": many for name, many in requests.items()
    }
    timed = None if times is None else {"cluster.egress.cart.upstream_rq_time": (times, total)}
    return PUSHES.reader(CONNECT)(push(second, numbers, {}, timed, began=began))


def advance(counting: Counting, reading: Reading, *, baseline: bool = False) -> New:
    """Have the report counted. What is new."""
    before = counting.begun(reading, baseline=baseline)
    if before is None:
        return {}
    shape = reading.shape
    now = shape.figures(reading.values[np.newaxis])[0]
    new = since(shape, now, Figures(before.counts[np.newaxis], before.sums[np.newaxis]))
    counting.advanced(reading, now.row(0), fresh=bool(new.counts.any()))
    found: New = {}
    for block in shape.blocks:
        counters, buckets = block.counters(new.counts)[0], block.buckets(new.counts)[0]
        for at, endpoint in enumerate(block.endpoints):
            total = float(new.sums[0, block.sums][at]) if block.bounds else 0.0
            found[endpoint.name] = (int(counters[Figure.REQUESTS, at]), tuple(buckets[:, at].tolist()), total)
    return found


def total(counting: Counting, readings: list[Reading]) -> int:
    return sum(new[0] for one in readings for new in advance(counting, one).values())


@given(STEPS, st.data())
def test_the_news_add_up_to_the_last_count_that_arrived(steps, data):
    sent = [report(second + 1, cart=sum(steps[: second + 1])) for second in range(len(steps))]
    arrived = [at for at in range(len(sent)) if data.draw(st.booleans())]
    counted = total(Counting(), [sent[at] for at in arrived])
    assert counted == (sum(steps[: arrived[-1] + 1]) if arrived else 0)


@given(STEPS, st.data())
def test_repetitions_and_stragglers_add_nothing(steps, data):
    sent = [report(second + 1, cart=sum(steps[: second + 1])) for second in range(len(steps))]
    noisy = []
    for second, one in enumerate(sent):
        again = data.draw(st.lists(st.sampled_from(sent[: second + 1]), max_size=3))
        noisy += [one, *again]
    assert total(Counting(), noisy) == sum(steps)


@given(st.lists(STEPS, min_size=1, max_size=4))
def test_a_count_that_goes_down_has_begun_again(lives):
    counting, second, counted = Counting(), 0, 0
    for steps in lives:
        for count in (0, *(sum(steps[: n + 1]) for n in range(len(steps)))):
            second += 1
            counted += total(counting, [report(second, cart=count)])
    assert counted == sum(map(sum, lives))


@given(st.lists(st.tuples(*[st.integers(0, 9)] * 6), min_size=1, max_size=10))
def test_histograms_add_up_bucket_by_bucket(steps):
    counting, counts, seen, spent = Counting(), NONE, NONE, 0.0
    for second, step in enumerate(steps, 1):
        counts = tuple(a + b for a, b in zip(counts, step, strict=True))
        _, buckets, sum_ = advance(counting, report(second, cart=1, times=counts, total=2.0 * sum(counts)))["cart"]
        assert buckets == step
        seen, spent = tuple(a + b for a, b in zip(seen, buckets, strict=True)), spent + sum_
    assert (seen, spent) == (counts, 2.0 * sum(counts))


def test_a_histogram_begins_again_as_a_whole():
    counting = Counting()
    advance(counting, report(1, cart=9, times=(1, 5, 0, 0, 0, 0), total=20.0))
    assert advance(counting, report(2, cart=9, times=(3, 1, 0, 0, 0, 0), total=7.0))["cart"] == (
        0,
        (3, 1, 0, 0, 0, 0),
        7.0,
    )


@pytest.mark.parametrize("total", [float("nan"), float("inf"), -1.0])
def test_a_sum_that_is_none_is_not_believed(total):
    counting = Counting()
    advance(counting, report(1, cart=1, times=(1, 0, 0, 0, 0, 0), total=5.0))
    assert advance(counting, report(2, cart=2, times=(2, 0, 0, 0, 0, 0), total=total))["cart"] == (
        1,
        (1, 0, 0, 0, 0, 0),
        0.0,
    )


def test_a_count_that_was_away_for_a_report_has_begun_again():
    assert total(Counting(), [report(1, cart=10), report(2), report(3, cart=12)]) == 22


def test_a_lost_report_is_not_taken_for_absence():
    assert total(Counting(), [report(1, cart=10), report(3, cart=12)]) == 12


def test_both_parts_of_one_flush_count():
    assert total(Counting(), [report(1, cart=10), report(1, prices=5)]) == 15


@given(
    st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12),
    st.booleans(),
)
def test_one_endpoint_counts_on_whoever_comes_and_goes_beside_it(steps, restarts):
    """The cart is in each report; others come and go, its own times as well."""
    counting, requests, counts = Counting(), 0, NONE
    for second, (others, timed, new, quick) in enumerate(steps, 1):
        requests += new
        before, counts = counts, (counts[0] + quick, *counts[1:])
        more = {"bread": 3, "prices": second} if others else {}
        told = report(second, cart=requests, times=counts if timed else None, **more)
        found = advance(counting, told)
        assert found["cart"][0] == new
        if timed and second > 1 and steps[second - 2][1]:
            assert found["cart"][1][0] == counts[0] - before[0]
        if restarts:
            counting = Counting.restored(counting.written())


def test_a_proxy_that_began_again_counts_from_0():
    assert total(Counting(), [report(1, began=1, cart=10), report(2, began=2, cart=12)]) == 22


@given(STEPS, st.data())
def test_a_clock_that_is_set_back_costs_nothing(steps, data):
    """However far, whenever it happens, and whoever counts meanwhile; a restart of the control plane as well."""
    counting, second, requests, counted = Counting(), 100_000, 0, 0
    for step in steps:
        second += data.draw(st.sampled_from((5, 5, -5, -300, -9000)))
        requests += step
        counted += total(counting, [report(second, began=1, cart=requests)])
        if data.draw(st.booleans()):
            counting = Counting.restored(counting.written())
    counted += total(counting, [report(second - 4000, began=1, cart=requests)])
    assert counted == requests


def test_both_parts_of_a_flush_count_when_the_clock_was_set_back():
    flushes = [
        [report(second, cart=many), report(second, bread=many)] for second, many in ((100, 10), (40, 15), (45, 17))
    ]
    assert total(Counting(), [part for flush in flushes for part in flush]) == 34


@pytest.mark.parametrize(("second", "began"), [(-50, 3), (-4000, 1)], ids=["a little", "to before it began"])
def test_a_proxy_that_began_again_counts_though_the_clock_was_set_back(second, began):
    counting = Counting()
    assert total(counting, [report(5000, began=2, cart=10), report(5000 + second, began=began, cart=4)]) == 14
    assert total(counting, [report(5005 + second, began=began, cart=5)]) == 1


def test_what_comes_late_is_not_taken_for_a_clock_that_was_set_back():
    sent = [report(1, cart=10, bread=1), report(2, cart=12), report(3, cart=12), report(4, cart=15)]
    for late in sent[:3]:
        assert total(Counting(), [*sent, late, report(5, cart=16)]) == 17


@pytest.mark.parametrize(("later", "new"), [(10, 0), (13, 3)])
def test_a_baseline_counts_for_nothing_and_what_follows_does(later, new):
    counting = Counting()
    assert advance(counting, report(1, cart=10), baseline=True)["cart"][0] == 0
    assert counting.changed
    assert total(counting, [report(2, cart=later)]) == new


def test_what_is_as_it_was_need_not_be_written_again():
    counting, changed = Counting(), []
    for one in (report(1, cart=10), report(2, cart=10), report(3), report(4)):
        advance(counting, one)
        changed.append(counting.changed)
        counting.written()
    assert changed == [True, False, True, False]


LINE = ["egress", "cart", 10**9, [7, *[0] * 10], [7, 0, 0, 0, 0, 0], 3.5, 0]


def page(line: list[object]) -> bytes:
    """As it is written: began, taken at, before, bounds, and a line for each endpoint."""
    return msgspec.msgpack.encode([0, 10**9, 0, [BOUNDS], [line]])


def test_what_earlier_versions_wrote_is_read():
    new = advance(Counting.restored(page(LINE)), report(2, cart=9, times=(8, 0, 0, 0, 0, 0), total=4.0))
    assert new["cart"] == (2, (1, 0, 0, 0, 0, 0), 0.5)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        pytest.param(3, [7], id="other figures"),
        pytest.param(3, [2**63, *[0] * 10], id="larger numbers"),
        pytest.param(4, [7, 0], id="other buckets"),
        pytest.param(6, 1, id="bounds that are not there"),
        pytest.param(6, -1, id="bounds before the first"),
    ],
)
def test_what_something_else_wrote_is_refused(place, value):
    with pytest.raises((msgspec.MsgspecError, ValueError)):
        Counting.restored(page([*LINE[:place], value, *LINE[place + 1 :]]))
