"""What statistics say of a summary."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moyai.domain.cloudwatch.metric import Histogram, Summary, metric_id, of_histogram
from moyai.domain.cloudwatch.statistic import UnknownStatistic, evaluate, percentile_of

BOUNDS = (1.0, 2.0, 5.0, 10.0, 100.0)
HISTOGRAMS = st.tuples(*[st.integers(0, 20)] * 6).map(lambda counts: Histogram(BOUNDS, counts))


def test_plain_statistics():
    summary = Summary(4, 10, 1, 6)
    names = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
    assert [evaluate(name, summary) for name in names] == [4, 2.5, 10, 1, 6]


@pytest.mark.parametrize(("text", "expected"), [("p99", 99), ("p99.9", 99.9), ("p0", 0), ("p100", 100)])
def test_percentiles_are_read(text, expected):
    assert percentile_of(text) == expected


@pytest.mark.parametrize("text", ["p101", "p", "p-1", "99", "tm90", "IQM", "p99.", "TM(1%:2%)", "sum"])
def test_other_statistics_are_refused_by_name(text):
    with pytest.raises(UnknownStatistic, match="not supported"):
        evaluate(text, Summary(1, 1, 1, 1))


@given(HISTOGRAMS, st.integers(0, 100), st.integers(0, 100))
def test_percentiles_grow_and_stay_between_minimum_and_maximum(histogram, one, other):
    if not histogram.total:
        return
    summary = of_histogram(histogram, 0)
    low, high = (evaluate(f"p{p}", summary) for p in sorted((one, other)))
    assert low is not None
    assert high is not None
    assert summary.minimum <= low <= high <= summary.maximum


def test_a_percentile_lies_on_the_line_through_its_bucket():
    summary = of_histogram(Histogram(BOUNDS, (0, 0, 0, 10, 0, 0)), 75)
    assert evaluate("p50", summary) == 7.5


def test_without_a_histogram_only_equal_values_have_percentiles():
    assert evaluate("p50", Summary(3, 9, 3, 3)) == 3
    assert evaluate("p50", Summary(3, 9, 1, 5)) is None


@given(HISTOGRAMS, HISTOGRAMS)
def test_summaries_add_up(one, other):
    both = of_histogram(one, 5).plus(of_histogram(other, 7))
    assert both.count == one.total + other.total
    assert both.sum == 12
    assert both.histogram == one.plus(other)


def test_other_bounds_are_sorted_into_these():
    other = Histogram((5.0, 50.0), (1, 2, 4))
    assert Histogram(BOUNDS, (0, 0, 0, 0, 0, 0)).plus(other).counts == (0, 0, 1, 0, 2, 4)


def test_dimensions_have_no_order():
    assert metric_id("N", "m", [("b", "2"), ("a", "1")]) == metric_id("N", "m", [("a", "1"), ("b", "2")])
