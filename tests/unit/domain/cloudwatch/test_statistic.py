"""Statistics of a summary."""

from __future__ import annotations

from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moyai.domain.cloudwatch.metric import (
    Histogram,
    Summary,
    metric_id,
    sum_of,
    summary_of_histogram,
    summary_of_values,
)
from moyai.domain.cloudwatch.statistic import UnknownStatistic, evaluate, percentile_of

BOUNDS = (1.0, 2.0, 5.0, 10.0, 100.0)
HISTOGRAMS = st.tuples(*[st.integers(0, 20)] * 6).map(lambda counts: Histogram(BOUNDS, counts))


def test_plain_statistics():
    summary = Summary(4, 10, 1, 6)
    names = ("SampleCount", "Average", "Sum", "Minimum", "Maximum")
    assert [evaluate(name, summary) for name in names] == [4, 2.5, 10, 1, 6]


@pytest.mark.parametrize(("text", "expected"), [("p99", 99), ("p99.9", 99.9), ("p0", 0), ("p100", 100)])
def test_percentiles_are_parsed(text, expected):
    assert percentile_of(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *(
            "p101",
            "p",
            "p-1",
            "99",
            "p99.",
            "sum",
            "tm101",
            "pr90",
            "tm",
            "TM90",
            "tm(1:2)",
            "TM()",
            "TM(:)",
            "TM(%:90%)",
        ),
        *("TM(10%:90)", "TM(90%:10%)", "TM(5:5)", "TM(:101%)", "PR(1%:2%)", "IQM(1:2)", "iqm", "TM(-1:5)", "P(1:2)"),
    ],
)
def test_other_statistics_are_refused_by_name(text):
    with pytest.raises(UnknownStatistic, match="not supported"):
        evaluate(text, Summary(1, 1, 1, 1))


@given(HISTOGRAMS, st.integers(0, 100), st.integers(0, 100))
def test_percentiles_increase_between_minimum_and_maximum(histogram, first, second):
    if not histogram.total:
        return
    summary = summary_of_histogram(histogram, 0)
    low, high = (evaluate(f"p{p}", summary) for p in sorted((first, second)))
    assert low is not None
    assert high is not None
    assert summary.minimum <= low <= high <= summary.maximum


def test_a_percentile_is_interpolated_within_its_bucket():
    summary = summary_of_histogram(Histogram(BOUNDS, (0, 0, 0, 10, 0, 0)), 75)
    assert evaluate("p50", summary) == 7.5


def test_percentiles_without_a_histogram_need_equal_values():
    assert evaluate("p50", Summary(3, 9, 3, 3)) == 3
    assert evaluate("p50", Summary(3, 9, 1, 5)) is None


@given(HISTOGRAMS, HISTOGRAMS)
def test_summaries_add_up(first, second):
    total = summary_of_histogram(first, 5).plus(summary_of_histogram(second, 7))
    assert total.count == first.total + second.total
    assert total.sum == 12
    assert total.histogram == first.plus(second)


def value_of(statistic, values):
    """The statistic, by the values themselves: each has a bucket of its own."""
    bounds = tuple(float(one) for one in range(1, 101))
    counts = [0] * 101
    for value in values:
        counts[value - 1] += 1
    return evaluate(statistic, summary_of_histogram(Histogram(bounds, tuple(counts)), sum(values)))


HUNDRED = range(1, 101)


@pytest.mark.parametrize(
    ("statistic", "expected"),
    [
        ("p50", 50),
        ("p99.9", 99.9),
        ("tm90", 45),
        ("TM(10%:90%)", 50),
        ("TM(:95%)", 47.5),
        ("TM(10%:)", 55),
        ("TM(20:30)", 25),
        ("TM(0%:100%)", 50.5),
        ("IQM", 50),
        ("tc90", 90),
        ("TC(80:90)", 10),
        ("TC(:0.5)", 0.5),
        ("TS(80%:)", 20 * 90),
        ("ts90", 90 * 45),
        ("TS(:100)", 5050),
        ("PR(:30)", 30),
        ("PR(30:70)", 40),
        ("PR(90:)", 10),
        ("wm98", 98 * 0.49 + 2 * 0.98),
        ("WM(10%:90%)", 50),
        ("WM(40:60)", 50),
        ("TM(200:300)", None),
        ("TC(200:300)", 0),
    ],
)
def test_trimmed_statistics(statistic, expected):
    statistic_value = value_of(statistic, HUNDRED)
    assert statistic_value == (expected if expected is None else pytest.approx(expected))


VALUES = st.lists(st.integers(1, 100), min_size=1, max_size=60)


@given(VALUES, st.integers(1, 100))
def test_a_trimmed_sum_is_mean_times_count(values, percent):
    mean, count, total = (value_of(f"{kind}{percent}", values) for kind in ("tm", "tc", "ts"))
    assert total == pytest.approx(mean * count)
    assert count == pytest.approx(len(values) * percent / 100)


@given(VALUES, st.integers(1, 100))
def test_percentile_ranks_match_exact_values(values, bound):
    share = 100 * sum(value <= bound for value in values) / len(values)
    assert value_of(f"PR(:{bound})", values) == pytest.approx(share)


@given(VALUES, st.integers(1, 100))
def test_statistics_are_within_a_bucket_of_exact_values(values, percent):
    cut = sorted(values)[: max(round(len(values) * percent / 100), 1)]
    for statistic in (f"tm{percent}", f"wm{percent}", "IQM"):
        assert min(values) - 1 <= value_of(statistic, values) <= max(values)
    if len(values) * percent % 100 == 0:
        assert value_of(f"tm{percent}", values) == pytest.approx(sum(cut) / len(cut), abs=1)


def test_equal_values_without_a_histogram_have_all_statistics():
    same = Summary(4, 12, 3, 3)
    values = {
        name: evaluate(name, same) for name in ("tm90", "tc50", "ts50", "wm90", "IQM", "PR(:3)", "PR(3:)", "TM(:2)")
    }
    assert values == {"tm90": 3, "tc50": 2, "ts50": 6, "wm90": 3, "IQM": 3, "PR(:3)": 100, "PR(3:)": 0, "TM(:2)": None}
    assert evaluate("IQM", Summary(3, 9, 1, 5)) is None


def test_negative_values_have_only_plain_statistics():
    assert evaluate("p50", Summary(2, -2, -1, -1)) is None


def test_histograms_with_other_bounds_are_merged():
    other = Histogram((5.0, 50.0), (1, 2, 4))
    assert Histogram(BOUNDS, (0, 0, 0, 0, 0, 0)).plus(other).counts == (0, 0, 1, 0, 2, 4)


PUT = st.lists(
    st.floats(0, 1e6).map(lambda value: round(value, 3)) | st.integers(0, 5).map(float), min_size=1, max_size=40
)


@given(PUT, PUT, st.integers(1, 100))
def test_percentiles_of_put_values_are_within_two_percent(first, second, percent):
    each = (summary_of_values([(value, 1.0)]) for value in second)
    summary = summary_of_values([(value, 1.0) for value in first])
    for more in each:
        summary = summary.plus(more)
    values = sorted([*first, *second])
    assert summary.histogram is not None
    assert (summary.histogram.total, summary.count) == (len(values), len(values))
    exact = values[max(-(-percent * len(values) // 100), 1) - 1]
    found = evaluate(f"p{percent}", summary)
    assert exact / 1.0201 - 1e-9 <= found <= exact * 1.0201 + 1e-9


@given(HISTOGRAMS.filter(lambda histogram: histogram.total > 0), st.data())
def test_a_percentile_is_in_the_bucket_of_its_rank(histogram, data):
    summary = summary_of_histogram(histogram, 0.0)
    percent = f"{100 * data.draw(st.integers(0, histogram.total)) / histogram.total:.10f}"
    percentile = evaluate(f"p{percent}", summary)
    rank = float(percent) / 100 * histogram.total  # not a whole number, where the text is rounded
    before = 0
    for bucket, count in enumerate(histogram.counts):
        if count and before + count >= rank:
            low, high = histogram.edges(bucket)
            assert percentile == pytest.approx(low + (high - low) * (rank - before) / count, abs=1e-5)
            return
        before += count


def test_a_value_with_a_count_is_counted_that_often():
    summary = summary_of_values([(1.0, 99.0), (100.0, 1.0)])
    assert (summary.count, summary.sum, evaluate("PR(:50)", summary)) == (100, 199, 99)
    assert evaluate("p50", summary) == pytest.approx(1, rel=0.02)
    assert evaluate("p100", summary) == 100


@pytest.mark.parametrize("values", [[(-1.0, 1.0), (2.0, 1.0)], [(1.0, 0.5), (2.0, 1.0)], [(1.0, 1e300), (2.0, 1.0)]])
def test_values_without_a_histogram_have_no_percentiles(values):
    summary = summary_of_values(values)
    assert (summary.histogram, evaluate("p50", summary)) == (None, None)
    assert evaluate("Sum", summary) == sum(value * times for value, times in values)


def test_overlapping_buckets_are_merged_into_the_first():
    histogram, other = Histogram((1.0, 3.0), (0, 2, 0)), Histogram((2.0, 4.0), (0, 5, 0))
    assert histogram.plus(other) == Histogram((1.0, 3.0), (0, 2, 5))
    beside = Histogram((3.0, 4.0), (0, 5, 0))
    assert histogram.plus(beside) == Histogram((1.0, 3.0, 4.0), (0, 2, 5, 0))


SOME_BOUNDS = st.lists(st.integers(1, 6).map(float), unique=True, max_size=4).map(sorted).map(tuple)
ANY_HISTOGRAM = SOME_BOUNDS.flatmap(
    lambda bounds: st.tuples(*[st.integers(0, 2)] * (len(bounds) + 1)).map(lambda counts: Histogram(bounds, counts))
)
ANY_SUMMARY = (
    st.builds(summary_of_histogram, ANY_HISTOGRAM, st.floats(0, 9))
    | PUT.map(lambda values: summary_of_values([(value, 1.0) for value in values]))
    | st.floats(-9, 9).map(lambda value: Summary(1, value, value, value))
)


@given(st.lists(ANY_SUMMARY, min_size=1, max_size=6))
def test_sum_of_equals_adding_one_by_one(summaries):
    assert sum_of(summaries) == reduce(Summary.plus, summaries)


def test_the_order_of_dimensions_is_ignored():
    assert metric_id("N", "m", [("b", "2"), ("a", "1")]) == metric_id("N", "m", [("a", "1"), ("b", "2")])
