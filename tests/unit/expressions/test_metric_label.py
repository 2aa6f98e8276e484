"""Labels that say something of their series."""

from __future__ import annotations

from datetime import timedelta

import pytest

from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.domain.cloudwatch.query import Dimension, Metric, MetricStat
from moyai.expressions.metric_label import LabelContext, check_label, parse_utc_offset, render_label
from moyai.expressions.metric_math.series import PeriodGrid, TimeSeries
from moyai.kernel.clock import Instant
from moyai.testing.world import SCOPE

METRIC = Metric("AWS/ECS", "CPUUtilization", (Dimension("ServiceName", "front"),))
GRID = PeriodGrid(Instant(0), Instant(600), 60)
LINE = TimeSeries(
    {Instant(0): 1.0, Instant(60): 4.5, Instant(180): 1 / 3}, GRID, stat=MetricStat(METRIC, 60, "Average")
)
EMPTY = TimeSeries({}, GRID)
SETTING = LabelContext(SCOPE, Instant(3600 + 180))


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("plain", "plain"),
        ("${LABEL} at most ${MAX}", "cpu at most 4.5"),
        ("${MIN} ${AVG} ${SUM}", "0.3333 1.9444 5.8333"),
        ("${FIRST} ${LAST} ${DATAPOINT_COUNT}", "1 0.3333 3"),
        ("${FIRST_LAST_RANGE} ${MIN_MAX_RANGE}", "-0.6667 4.1667"),
        ("${FIRST_TIME}, ${LAST_TIME}", "1970-01-01 00:00 UTC, 1970-01-01 00:03 UTC"),
        ("${MAX_TIME}, ${MIN_TIME}", "1970-01-01 00:01 UTC, 1970-01-01 00:03 UTC"),
        ("${LAST_TIME_RELATIVE} ${FIRST_LAST_TIME_RANGE}", "1h 3m"),
        ("${MIN_MAX_TIME_RANGE} ${FIRST_TIME_RELATIVE}", "2m 1h 3m"),
        ("${PROP('Dim.ServiceName')} ${PROP('MetricName')}", "front CPUUtilization"),
        ('${PROP("Stat")} ${PROP("Period")} ${PROP("Namespace")}', "Average 60 AWS/ECS"),
        ("${PROP('Region')} ${PROP('AccountId')}", f"{SCOPE.region} {SCOPE.account}"),
        ("${PROP('Dim.Colour')}", "--"),
        ("$5 {x}", "$5 {x}"),
    ],
)
def test_labels_are_rendered(label, expected):
    check_label(label)
    assert render_label(label, LINE, "cpu", SETTING) == expected


def test_a_series_without_values_renders_dashes():
    assert render_label("${LAST} ${PROP('MetricName')} ${LABEL}", EMPTY, "e1", SETTING) == "-- -- e1"


def test_times_are_in_the_requested_time_zone():
    ahead = SETTING._replace(zone=parse_utc_offset("+0930"))
    assert render_label("${FIRST_TIME}", LINE, "", ahead) == "1970-01-01 09:30 UTC+09:30"
    assert (parse_utc_offset("-0130"), parse_utc_offset(None)) == (-timedelta(minutes=90), timedelta())


@pytest.mark.parametrize(
    "label", ["${FOO}", "${LABEL} ${LABEL}", "${}", "${MAX}" * 7, "${PROP('Stat')}" * 7, "${PROP(x)}"]
)
def test_invalid_labels_are_refused(label):
    with pytest.raises(ValidationFault, match="label"):
        check_label(label)


@pytest.mark.parametrize("zone", ["UTC", "0930", "+9:30", "+2400", "+0060", ""])
def test_an_invalid_time_zone_is_refused(zone):
    with pytest.raises(ValidationFault, match="Timezone"):
        parse_utc_offset(zone)
