"""What is new in a report: sums that hold whatever is lost, late or repeated."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moyai.domain.cloudwatch.metric import Histogram
from moyai.telemetry.deltas import Counting
from moyai.telemetry.envoy_stats import Counted, Endpoint, Figure, Report, Side, Timed

CART = Endpoint(Side.CLIENT, "cart")
BOUNDS = (1.0, 10.0)
NO_LEVELS = (None, None, None)


def counters(requests: int) -> tuple[int, ...]:
    return tuple(requests if figure is Figure.REQUESTS else 0 for figure in Figure)


def report(second: int, requests: int, counts: tuple[int, ...] | None = None) -> Report:
    time = None if counts is None else Timed(Histogram(BOUNDS, counts), float(sum(counts)))
    return Report(second, {CART: Counted("http", counters(requests), NO_LEVELS, time)})


def total(counting: Counting, reports: list[Report]) -> int:
    return sum(news.counters[Figure.REQUESTS] for one in reports for news in counting.advance(one))


STEPS = st.lists(st.integers(0, 50), min_size=1, max_size=20)


@given(STEPS, st.data())
def test_the_news_add_up_to_the_last_count_that_arrived(steps, data):
    sent = [report(second, sum(steps[: second + 1])) for second in range(len(steps))]
    arrived = [one for one in sent if data.draw(st.booleans())]
    counted = total(Counting(), arrived)
    assert counted == (arrived[-1].endpoints[CART].counters[Figure.REQUESTS] if arrived else 0)


@given(STEPS, st.data())
def test_repetitions_and_stragglers_add_nothing(steps, data):
    sent = [report(second, sum(steps[: second + 1])) for second in range(len(steps))]
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
            counted += total(counting, [report(second, count)])
            second += 1
    assert counted == sum(map(sum, lives))


@given(st.lists(st.tuples(*[st.integers(0, 9)] * 3), min_size=1, max_size=10))
def test_histograms_add_up_bucket_by_bucket(steps):
    counting, counts, seen = Counting(), (0, 0, 0), [0, 0, 0]
    for second, step in enumerate(steps):
        counts = tuple(a + b for a, b in zip(counts, step, strict=True))
        for news in counting.advance(report(second, 0, counts)):
            if news.time is None:
                assert step == (0, 0, 0)
                continue
            seen = [a + b for a, b in zip(seen, news.time.histogram.counts, strict=True)]
    assert tuple(seen) == counts


def test_a_count_that_was_away_for_a_report_has_begun_again():
    counting = Counting()
    away = Report(2, {})
    assert total(counting, [report(1, 10), away, report(3, 12)]) == 22


def test_a_lost_report_is_not_taken_for_absence():
    assert total(Counting(), [report(1, 10), report(3, 12)]) == 12


def test_both_parts_of_one_flush_count():
    other = Endpoint(Side.CLIENT, "prices")
    second_part = Report(1, {other: Counted("http", counters(5), NO_LEVELS)})
    assert total(Counting(), [report(1, 10), second_part]) == 15


@pytest.mark.parametrize(("later", "new"), [(10, 0), (13, 3)])
def test_a_baseline_counts_for_nothing_and_what_follows_does(later, new):
    counting = Counting()
    assert counting.advance(report(1, 10), baseline=True) == []
    assert total(counting, [report(2, later)]) == new
