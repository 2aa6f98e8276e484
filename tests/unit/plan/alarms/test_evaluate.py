"""An alarm's state from its datapoints; the first two tables are AWS's own."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from moyai.domain.cloudwatch.alarm import AlarmState, ComparisonOperator, MetricCondition, MissingData
from moyai.domain.cloudwatch.query import Metric, MetricStat
from moyai.kernel.clock import Instant
from moyai.plan.alarms.evaluate import AlarmDatapoint, evaluate, evaluation_range

NOW = Instant(1_800_000_000.0)
STAT = MetricStat(Metric("Shop", "Wait"), 60, "Average")
ALARM = MetricCondition(10.0, ComparisonOperator.ABOVE, 3, STAT, datapoints_to_alarm=3)
TREATS = (MissingData.MISSING, MissingData.IGNORE, MissingData.BREACHING, MissingData.NOT_BREACHING)
VALUES = {"0": 1.0, "X": 20.0, "-": None}


def points(drawing: str, is_complete: bool = True) -> list[AlarmDatapoint]:
    """``0`` does not breach, ``X`` does, ``-`` is missing; the newest stands last."""
    signs = drawing.split()
    return [
        AlarmDatapoint(Instant(NOW - 60 * (len(signs) - place)), VALUES[sign], 2.0, is_complete)
        for place, sign in enumerate(signs)
    ]


def state(condition, drawing, was=AlarmState.INSUFFICIENT_DATA):
    verdict = evaluate(condition, was, points(drawing), NOW)
    return "retain" if verdict is None else str(verdict.state)


@pytest.mark.parametrize(
    ("needed", "drawing", "states"),
    [
        (3, "0 - X - X", "OK OK OK OK"),
        (3, "0 - - - -", "OK OK OK OK"),
        (3, "- - - - -", "INSUFFICIENT_DATA retain ALARM OK"),
        (3, "0 X X - X", "ALARM ALARM ALARM ALARM"),
        (3, "- - X - -", "ALARM retain ALARM OK"),
        (2, "0 - X - X", "ALARM ALARM ALARM ALARM"),
        (2, "0 0 X 0 X", "ALARM ALARM ALARM ALARM"),
        (2, "0 - X - -", "OK OK ALARM OK"),
        (2, "- - - - 0", "OK OK ALARM OK"),
        (2, "- - - X -", "ALARM retain ALARM OK"),
        (3, "- - - - X", "INSUFFICIENT_DATA retain ALARM OK"),
        (3, "- - - X -", "INSUFFICIENT_DATA retain ALARM OK"),
        (3, "X X X 0 0", "OK OK OK OK"),
    ],
)
def test_missing_data(needed, drawing, states):
    condition = replace(ALARM, datapoints_to_alarm=needed)
    found = [state(replace(condition, treat_missing_data=treat), drawing) for treat in TREATS]
    assert found == states.split()


@pytest.mark.parametrize(
    ("comparison", "breaches"),
    [
        (ComparisonOperator.ABOVE, [False, False, True]),
        (ComparisonOperator.AT_LEAST, [False, True, True]),
        (ComparisonOperator.BELOW, [True, False, False]),
        (ComparisonOperator.AT_MOST, [True, True, False]),
    ],
)
def test_comparisons(comparison, breaches):
    condition = replace(ALARM, comparison=comparison, evaluation_periods=1, datapoints_to_alarm=None)
    found = [evaluate(condition, AlarmState.OK, [AlarmDatapoint(NOW, value)], NOW) for value in (9.0, 10.0, 11.0)]
    assert [verdict is not None and verdict.state is AlarmState.ALARM for verdict in found] == breaches


@pytest.mark.parametrize(
    ("condition", "was", "drawing", "reason"),
    [
        (
            ALARM,
            AlarmState.OK,
            "0 0 X X X",
            (
                "Threshold Crossed: 3 out of the last 3 datapoints [20.0 (15/01/27 07:59:00), 20.0 (15/01/27 "
                "07:58:00), 20.0 (15/01/27 07:57:00)] were greater than the threshold (10.0) (minimum 3 datapoints for "
                "OK -> ALARM transition)."
            ),
        ),
        (
            ALARM,
            AlarmState.ALARM,
            "0 0 X X 0",
            (
                "Threshold Crossed: 1 out of the last 3 datapoints [1.0 (15/01/27 07:59:00)] was not greater than the "
                "threshold (10.0) (minimum 1 datapoint for ALARM -> OK transition)."
            ),
        ),
        (
            replace(ALARM, evaluation_periods=1, datapoints_to_alarm=None),
            AlarmState.OK,
            "0 0 X",
            "Threshold Crossed: 1 datapoint [20.0 (15/01/27 07:59:00)] was greater than the threshold (10.0).",
        ),
        (
            replace(ALARM, treat_missing_data=MissingData.BREACHING),
            AlarmState.OK,
            "- - - - X",
            (
                "Threshold Crossed: 1 datapoint was received for 3 periods and 2 missing datapoints were treated as "
                "[Breaching]."
            ),
        ),
        (
            replace(ALARM, evaluation_periods=1, datapoints_to_alarm=1, treat_missing_data=MissingData.NOT_BREACHING),
            AlarmState.OK,
            "- - -",
            (
                "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as "
                "[NonBreaching]."
            ),
        ),
        (ALARM, AlarmState.OK, "- - - - -", "Insufficient Data: 3 datapoints were unknown."),
        (
            replace(ALARM, evaluation_periods=6, datapoints_to_alarm=6),
            AlarmState.OK,
            "0 0 X X X X X X",
            (
                "Threshold Crossed: 6 datapoints were greater than the threshold (10.0). The most recent datapoints "
                "which crossed the threshold: [20.0 (15/01/27 07:59:00), 20.0 (15/01/27 07:58:00), "
                "20.0 (15/01/27 07:57:00), "
                "20.0 (15/01/27 07:56:00), 20.0 (15/01/27 07:55:00)]."
            ),
        ),
    ],
)
def test_reasons(condition, was, drawing, reason):
    verdict = evaluate(condition, was, points(drawing), NOW)
    assert verdict is not None
    assert verdict.reason == reason


def test_reason_data():
    verdict = evaluate(replace(ALARM, evaluation_periods=2, datapoints_to_alarm=2), AlarmState.OK, points("0 X"), NOW)
    assert verdict is not None
    assert verdict.data == (
        '{"version":"1.0","queryDate":"2027-01-15T08:00:00.000+0000","startDate":"2027-01-15T07:58:00.000+0000",'
        '"statistic":"Average","period":60,"recentDatapoints":[1.0,20.0],"threshold":10.0,"evaluatedDatapoints":['
        '{"timestamp":"2027-01-15T07:59:00.000+0000","sampleCount":2.0,"value":20.0},'
        '{"timestamp":"2027-01-15T07:58:00.000+0000","sampleCount":2.0,"value":1.0}]}'
    )
    longest = replace(ALARM, evaluation_periods=1440, datapoints_to_alarm=None)
    evaluation = evaluate(longest, AlarmState.OK, points("X " * 1440), NOW)
    assert evaluation is not None
    assert len(evaluation.data) < 4000
    assert len(evaluation.reason) < 1024


def test_a_restart_changes_no_state():
    unknown = points("- - - -", is_complete=False)
    assert evaluate(ALARM, AlarmState.ALARM, [*unknown, *points("0")], NOW) is None
    assert evaluate(ALARM, AlarmState.OK, unknown, NOW) is None
    enough = evaluate(ALARM, AlarmState.ALARM, [*unknown, *points("0 0 0")], NOW)
    assert enough is not None
    assert enough.state is AlarmState.OK


def test_a_percentile_of_few_samples_can_be_ignored():
    few = replace(ALARM, stat=replace(STAT, stat="p99"), low_samples="ignore")
    assert evaluate(few, AlarmState.OK, points("X X X"), NOW) is None
    median = replace(few, stat=replace(STAT, stat="p50"), evaluation_periods=12, datapoints_to_alarm=12)
    assert state(median, "X " * 12) == "ALARM"


def test_whole_periods_that_are_over_are_read():
    assert evaluation_range(ALARM, Instant(NOW + 59)) == (NOW - 5 * 60, NOW)
    fine = replace(ALARM, stat=replace(STAT, period=10), evaluation_periods=1)
    assert evaluation_range(fine, Instant(NOW + 19)) == (NOW - 20, NOW + 10)
