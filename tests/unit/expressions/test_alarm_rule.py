"""The rule language of composite alarms."""

from __future__ import annotations

import pytest

from moyai.domain.cloudwatch.alarm import AlarmState, alarm_arn
from moyai.domain.cloudwatch.errors import ValidationFault
from moyai.expressions.alarm_rule import parse_alarm_rule
from moyai.testing.world import SCOPE

STATES = {
    alarm_arn(SCOPE, "up"): AlarmState.ALARM,
    alarm_arn(SCOPE, "cart slow (eu)"): AlarmState.OK,
    alarm_arn(SCOPE, "new"): AlarmState.INSUFFICIENT_DATA,
}


@pytest.mark.parametrize(
    ("rule", "holds"),
    [
        ("TRUE", True),
        ("FALSE OR NOT FALSE", True),
        ("true AND NOT false", True),
        (" OR ".join(["TRUE"] * 500), True),
        ("ALARM(up)", True),
        ("ALARM ( up )", True),
        ("OK(\"cart slow (eu)\") AND INSUFFICIENT_DATA('new')", True),
        (f"ALARM({alarm_arn(SCOPE, 'up')})", True),
        ("ALARM(gone) OR OK(gone) OR INSUFFICIENT_DATA(gone)", False),
        ("TRUE OR FALSE AND FALSE", True),
        ("(TRUE OR FALSE) AND FALSE", False),
        ("NOT TRUE AND FALSE", False),
        ("NOT NOT (ALARM(up))", True),
    ],
)
def test_valid_rules_are_parsed(rule, holds):
    assert parse_alarm_rule(rule, SCOPE).holds(STATES.get) is holds


@pytest.mark.parametrize(
    ("rule", "wrong"),
    [
        ("", "has 'nothing' where ALARM"),
        ("ALARM", "has no '(' after ALARM"),
        ("ALARM()", "names no alarm"),
        ("ALARM(up", "lacks a ')'"),
        ("(ALARM(up)", "lacks a ')'"),
        ("ALARM(up) ALARM(new)", "has 'ALARM' where AND or OR is due"),
        ("up", "has 'up' where ALARM"),
        ('ALARM("up)', "a quote that isn't closed"),
        ("(" * 60 + "TRUE" + ")" * 60, "nests deeper than 50"),
        ("NOT " * 2000 + "TRUE", "nests deeper than 50"),
        (" OR ".join(f"ALARM(a{n})" for n in range(101)), "names more than 100 alarms"),
        (" OR ".join(["TRUE"] * 501), "has more than 500 elements"),
    ],
)
def test_invalid_rules_are_refused(rule, wrong):
    with pytest.raises(ValidationFault, match="AlarmRule") as exc_info:
        parse_alarm_rule(rule, SCOPE)
    assert wrong in exc_info.value.message
