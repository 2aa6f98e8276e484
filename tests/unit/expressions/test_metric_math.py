"""Metric math: what each expression comes to."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.query import MetricDataQuery
from moyai.expressions.metric_data import QueryResults
from moyai.expressions.metric_math.parser import parse
from moyai.expressions.metric_math.series import TimeSeries
from moyai.kernel.clock import Instant
from tests.unit.expressions.metric_source import FakeMetricSource, minutes, query_of, result_of

N = None


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("m1", [6, 8, N, 2, N]),
        ("  m1  ", [6, 8, N, 2, N]),
        ("m1 + m2", [6, 10, 0, 6, N]),
        ("m1 - m2 * 3", [6, 2, 0, -10, N]),
        ("(m1 - m2) * 3", [18, 18, 0, -6, N]),
        ("m1 / m2", [N, 4, N, 0.5, N]),
        ("100 * m1 / (m1 + m2)", [100, 80, N, pytest.approx(100 / 3), N]),
        ("-m1 + .5", [-5.5, -7.5, N, -1.5, N]),
        ("8 - 2 - m1", [0, -2, N, 4, N]),
        ("2 ^ 3 ^ 2 + m1 * 0", [512, 512, N, 512, N]),
        ("-2 ^ 2 + m1", [2, 4, N, -2, N]),
        ("m1 ^ -1", [pytest.approx(1 / 6), 0.125, N, 0.5, N]),
        ("1e1 * m1", [60, 80, N, 20, N]),
        ("m1 < m2", [0, 0, 0, 1, N]),
        ("m1 >= 6", [1, 1, N, 0, N]),
        ("m1 == 8 || m1 == 2", [0, 1, N, 1, N]),
        ("m1 > 5 AND m2 > 1", [0, 1, 0, 0, N]),
        ("m1 != 6 && m2 OR m1 == 6", [1, 1, 0, 1, N]),
        ("m1 + 1 > 6 + 1", [0, 1, N, 0, N]),
        ("1 / 0 + m1", [N, N, N, N, N]),
        ("ABS(m2 - m1)", [6, 6, 0, 2, N]),
        ("CEIL(m1 / 4)", [2, 2, N, 1, N]),
        ("FLOOR(m1 / 4)", [1, 2, N, 0, N]),
        ("LOG(m2) / LOG(2)", [N, 1, N, 2, N]),
        ("LOG10(m1 * 0 + 100)", [2, 2, N, 2, N]),
        ("DIFF(m1)", [N, 2, N, -6, N]),
        ("DIFF_TIME(m1)", [N, 60, N, 120, N]),
        ("RATE(m1)", [N, pytest.approx(2 / 60), N, pytest.approx(-6 / 120), N]),
        ("RUNNING_SUM(m1)", [6, 14, N, 16, N]),
        ("m1 - AVG(m1)", [pytest.approx(2 / 3), pytest.approx(8 / 3), N, pytest.approx(-10 / 3), N]),
        ("m1 / SUM(m1)", [0.375, 0.5, N, 0.125, N]),
        ("m1 - MIN(m1) + MAX(m1)", [12, 14, N, 8, N]),
        ("m1 * 0 + DATAPOINT_COUNT(m1)", [3, 3, N, 3, N]),
        ("m1 * 0 + STDDEV(m1)", [pytest.approx(2.494438), pytest.approx(2.494438), N, pytest.approx(2.494438), N]),
        ("SUM([m1, m2])", [6, 10, 0, 6, N]),
        ("AVG([m1, m2])", [3, 5, 0, 3, N]),
        ("MIN([m1, m2])", [6, 2, 0, 2, N]),
        ("MAX([m1, m2])", [6, 8, 0, 4, N]),
        ("DATAPOINT_COUNT([m1, m2])", [1, 2, 1, 2, N]),
        ("STDDEV([m1, m2])", [0, 3, 0, 1, N]),
        ("SUM([m1, none]) / METRIC_COUNT(METRICS())", [1.5, 2, N, 0.5, N]),
        ("SUM(METRICS())", [7, 10, 0, 9, 5]),
        ("SUM(METRICS('m'))", [6, 10, 0, 6, N]),
        ('SUM([METRICS("m1"), METRICS("err")])', [7, 8, 0, 5, 5]),
        ("SUM(METRICS() * 2 - [m1, m2, none, errors])", [7, 10, 0, 9, 5]),
        ("SUM(100 / [m1, m2])", [pytest.approx(100 / 6), 62.5, N, 75, N]),
        ("SUM(-[m1, m2])", [-6, -10, 0, -6, N]),
        ("FILL(m1, 0)", [6, 8, 0, 2, 0]),
        ("FILL(m1, REPEAT)", [6, 8, 8, 2, 2]),
        ("FILL(m2, REPEAT)", [N, 2, 0, 4, 4]),
        ("FILL(m1, LINEAR)", [6, 8, 5, 2, N]),
        ("FILL(m2, LINEAR)", [N, 2, 0, 4, N]),
        ("FILL(m1, errors)", [6, 8, 0, 2, 5]),
        ("FILL(m1, MIN(m1))", [6, 8, 2, 2, 2]),
        ("FILL(m1, MIN(none))", [6, 8, N, 2, N]),
        ("SUM(FILL(METRICS(), 0))", [7, 10, 0, 9, 5]),
        ("IF(m1 > 5, 1, 0)", [1, 1, N, 0, N]),
        ("IF(m1 > 5, m2, 7)", [0, 2, N, 7, N]),
        ("IF(m1 > 5, m1)", [6, 8, N, N, N]),
        ("IF(errors, m2, m1)", [0, 8, N, 4, 0]),
        ("IF(1, m1, m2)", [6, 8, N, 2, N]),
        ("IF(0, m1, m2)", [N, 2, 0, 4, N]),
        ("IF(0, m1)", [N, N, N, N, N]),
        ("TIME_SERIES(MAX(m1))", [8, 8, 8, 8, 8]),
        ("TIME_SERIES(AVG(none))", [N, N, N, N, N]),
        ("m1 / PERIOD(m1)", [0.1, pytest.approx(8 / 60), N, pytest.approx(2 / 60), N]),
        ("MINUTE(m1)", [0, 1, 2, 3, 4]),
        ("EPOCH(none)", [0, 60, 120, 180, 240]),
        ("HOUR(m1) + DAY(m1) * 10 + DATE(m1) * 100 + MONTH(m1) * 1000 + YEAR(m1)", [3110] * 5),
        ("FIRST(SORT(METRICS(), MAX, DESC))", [6, 8, N, 2, N]),
        ("LAST(SORT(METRICS(), SUM, ASC))", [6, 8, N, 2, N]),
        ("FIRST(SLICE(METRICS(), 1, 2))", [N, 2, 0, 4, N]),
        ("LAST(SLICE(METRICS(), 3))", [1, 0, 0, 3, 5]),
        ("LAST(SORT(REMOVE_EMPTY(METRICS()), AVG, DESC, 2))", [N, 2, 0, 4, N]),
        ("SUM(SLICE(METRICS(), 9))", [N, N, N, N, N]),
        ("SUM(SEARCH('{Shop,Queue} errors', 'Sum', 60))", [1, 0, 0, 3, 5]),
        ("SUM(SEARCH('m1 OR m2', 'Sum'))", [6, 10, 0, 6, N]),
    ],
)
def test_expressions_are_evaluated(expression, expected):
    line = result_of(expression)
    assert isinstance(line, TimeSeries)
    assert minutes(line) == expected


def test_an_array_is_several_series():
    lines = result_of("METRICS() / 2")
    assert isinstance(lines, tuple)
    assert [minutes(one)[0] for one in lines] == [3, None, None, 0.5]
    assert [one.label for one in lines] == ["m1", "m2", "none", "errors"]


def test_undefined_values_are_dropped_and_reported():
    dropped, whole = result_of("m1 / m2"), result_of("m1 + m2")
    assert isinstance(dropped, TimeSeries)
    assert isinstance(whole, TimeSeries)
    assert (dropped.incomplete, whole.incomplete) == (True, False)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("m9", "'m9' is no query's id"),
        ("result", "comes back to itself"),
        ("m1 m2", "Unexpected 'm2' at position 4, where an operator is due"),
        ("m1 +", "ends where a number, an id or a function is due"),
        ("(m1", r"ends where '\)' is due"),
        ("m1 AND", "ends"),
        ("", "ends"),
        ("m1 # 2", "Unexpected '#' at position 4"),
        ("'m1", "Unexpected '''"),
        ("1 + 2", "must be a time series"),
        ("AVG(m1)", "must be a time series"),
        ("'text'", "must be a time series"),
        ("REPEAT", "must be a time series"),
        ("m1 + 'text'", r"can't be an operand of '\+'"),
        ("[m1, 3]", "time series only"),
        ("[m1, m2] + [m1]", "have 2 and 1 time series"),
        ("FOO(m1)", "There is no function 'FOO'"),
        ("sum(m1)", "There is no function 'sum'"),
        ("ANOMALY_DETECTION_BAND(m1)", "ANOMALY_DETECTION_BAND is not supported by moyai"),
        ("SERVICE_QUOTA(m1)", "not supported by moyai"),
        ("SELECT AVG(CPUUtilization) FROM SCHEMA(x)", "Metrics Insights"),
        ("FILL(m1)", "FILL takes 2 arguments, and has 1"),
        ("SLICE(METRICS())", "SLICE takes 2 to 3 arguments"),
        ("FILL(m1, MAYBE)", "FILL: the filler"),
        ("FILL(3, 0)", "FILL: an argument must be a time series"),
        ("SORT(METRICS(), MEAN, ASC)", "SORT: an argument must be one of AVG, MIN, MAX, SUM"),
        ("SLICE(METRICS(), 1.5)", "SLICE: an argument must be a whole number"),
        ("SLICE(METRICS(), 1/0)", "whole number"),
        ("SLICE(METRICS(), 10^999)", "whole number"),
        ("FIRST(m1)", "FIRST: an argument must be an array"),
        ("PERIOD(m1 * 2)", "PERIOD: the argument must be a metric"),
        ("IF(METRICS(), 1, 0)", "IF: an argument must be a single time series"),
        ("SUM(3)", "SUM: the argument must be a time series"),
        ("METRICS(3)", "METRICS: an argument must be a text"),
        ("SEARCH('', 'Sum')", "SEARCH: A search must have"),
        ("SEARCH('m1', 'Best')", "SEARCH: The statistic 'Best'"),
        ("SEARCH('m1', 'Sum', 0)", "longer than 0"),
        ("(" * 2000 + "m1", "deeper than 50"),
        ("-" * 2000 + "m1", "deeper than 50"),
        ("ABS(" * 400 + "m1", "deeper than 50"),
        ("2^" * 400 + "m1", "deeper than 50"),
    ],
)
def test_invalid_expressions_are_refused(expression, message):
    with pytest.raises(ValidationFault, match=message):
        result_of(expression)


def test_an_error_names_the_faulty_expression():
    queries = [
        query_of("m1"),
        MetricDataQuery("inner", expression="m1 +"),
        MetricDataQuery("outer", expression="inner"),
    ]
    with pytest.raises(ValidationFault, match=r"^Error in expression 'inner': The expression ends"):
        QueryResults(queries, FakeMetricSource()).of("outer")


def test_combined_metrics_require_one_period():
    queries = [query_of("m1"), query_of("m2", 300), MetricDataQuery("both", expression="m1 + m2")]
    with pytest.raises(ValidationFault, match="same Period"):
        QueryResults(queries, FakeMetricSource()).of("both")


def test_a_long_chain_of_operators_does_not_recurse():
    line = result_of("+".join(["m1"] * 600))
    assert isinstance(line, TimeSeries)
    assert minutes(line)[0] == 3600


def test_the_work_of_one_request_is_limited():
    queries = [MetricDataQuery(f"q{number}", expression="FILL(TIME_SERIES(1), 0)", period=1) for number in range(4)]
    answers = QueryResults(queries, FakeMetricSource(), most=3000)
    with pytest.raises(ValidationFault, match="more than 3,000 values"):
        [answers.of(query.id) for query in queries]


@pytest.mark.parametrize("expression", ["[{0},{0},{0},{0},{0},{0},{0},{0}]", "METRICS('n')", "SEARCH('none', 'Sum')"])
def test_expressions_without_values_count_towards_the_limit(expression):
    first = "none" if "{0}" in expression else "q0"
    names = [first, *(f"q{number}" for number in range(400))]
    queries = [
        query_of("none"),
        *(
            MetricDataQuery(name, expression=expression.format(before), period=60)
            for before, name in itertools.pairwise(names)
        ),
    ]
    answers = QueryResults(queries, FakeMetricSource({"none": ()}), most=3000)
    with pytest.raises(ValidationFault, match="more than 3,000 values"):
        [answers.of(query.id) for query in queries]


def test_a_search_stops_at_the_limit():
    class Counting(FakeMetricSource):
        reads = 0

        def read(self, stat):
            self.reads += 1
            return super().read(stat)

    source = Counting({f"m{number}": (1.0,) * 5 for number in range(100)})
    queries = [MetricDataQuery("found", expression="SEARCH('{Shop}', 'Sum')", period=60)]
    with pytest.raises(ValidationFault, match="more than 1,800 values"):
        QueryResults(queries, source, most=1800).of("found")
    assert source.reads == 21  # a hundred were looked at, and counted as 16 each


def test_the_number_of_generated_values_is_limited():
    class Endless(FakeMetricSource):
        def grid(self, period):
            return super().grid(period)._replace(end=Instant(1e12))

    with pytest.raises(ValidationFault, match="the limit is 100,800"):
        result_of("TIME_SERIES(1)", source=Endless())


WORDS = ["m1", "m2", "none", "1", "0", "+", "-", "*", "/", "^", "(", ")", "[", "]", ",", "<", "==", "AND", "OR", " "]
CALLS = ["SUM(", "AVG(", "FILL(", "REPEAT", "IF(", "SORT(", "ASC", "METRICS()", "SLICE(", "STDDEV(", "LOG(", "EPOCH("]


@given(st.lists(st.sampled_from([*WORDS, *CALLS]), max_size=14).map("".join) | st.text(max_size=30))
def test_any_text_is_evaluated_or_refused(expression):
    try:
        result = result_of(expression)
    except ValidationFault:
        return
    lines = (result,) if isinstance(result, TimeSeries) else result
    for line in lines:
        assert list(line.values) == sorted(line.values)
        assert all(abs(value) < float("inf") for value in line.values.values())


@st.composite
def numbers(draw, depth=0):
    """An expression on numbers that Python reads in the same way, as text."""
    if depth > 3 or draw(st.booleans()):
        return str(draw(st.integers(0, 9)))
    parts = [draw(numbers(depth + 1)) for _ in range(draw(st.integers(2, 3)))]
    text = draw(st.sampled_from([" + ", " - ", " * "])).join(parts)
    return f"({text})" if draw(st.booleans()) else f"-({text})"


@given(numbers())
def test_arithmetic_equals_pythons(expression):
    line = result_of(f"TIME_SERIES({expression})")
    assert isinstance(line, TimeSeries)
    assert set(minutes(line)) == {float(eval(expression))}  # noqa: S307  digits, signs and parentheses


@given(st.lists(st.sampled_from(["+", "-", "*", "/", "^", "<", "==", "AND", "OR"]), max_size=6))
def test_every_chain_of_operators_is_parsed(signs):
    parse(" ".join(["m1", *(f"{sign} m1" for sign in signs)]))
