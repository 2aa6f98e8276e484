"""Event patterns: each operator, arrays, absent fields, and what is refused."""

from __future__ import annotations

import json

import pytest

from moyai.domain.eventbridge.errors import InvalidEventPattern
from moyai.expressions.event_pattern import parse_event_pattern

EVENT = {
    "source": "aws.ecs",
    "resources": ["arn:1", "arn:2"],
    "detail": {
        "lastStatus": "STOPPED",
        "count": 3,
        "flag": True,
        "nothing": None,
        "address": "10.0.1.7",
        "containers": [{"name": "app", "exitCode": 1}, {"name": "log", "exitCode": 0}],
    },
}


def matches(**detail) -> bool:
    return parse_event_pattern(json.dumps({"detail": detail}))(EVENT)


def test_fields_match_all_and_values_match_any():
    assert parse_event_pattern('{"source": ["x", "aws.ecs"], "resources": ["arn:2"]}')(EVENT)
    assert not parse_event_pattern('{"source": ["aws.ecs"], "resources": ["arn:3"]}')(EVENT)
    assert matches(lastStatus=["STOPPED"], count=[3], flag=[True], nothing=[None])
    assert not matches(flag=[1])
    assert not matches(count=["3"])


@pytest.mark.parametrize(
    ("field", "operator", "fits"),
    [
        ("lastStatus", {"prefix": "STO"}, True),
        ("lastStatus", {"prefix": {"equals-ignore-case": "sto"}}, True),
        ("lastStatus", {"suffix": "PED"}, True),
        ("lastStatus", {"suffix": "sto"}, False),
        ("lastStatus", {"equals-ignore-case": "stopped"}, True),
        ("lastStatus", {"wildcard": "S*P*D"}, True),
        ("lastStatus", {"wildcard": "S*X*D"}, False),
        ("lastStatus", {"wildcard": "STOPPED*STOPPED"}, False),
        ("lastStatus", {"anything-but": "RUNNING"}, True),
        ("lastStatus", {"anything-but": ["RUNNING", "STOPPED"]}, False),
        ("lastStatus", {"anything-but": {"prefix": "STO"}}, False),
        ("lastStatus", {"anything-but": {"wildcard": ["*X", "*Y"]}}, True),
        ("count", {"numeric": [">", 2, "<=", 3]}, True),
        ("count", {"numeric": ["=", 4]}, False),
        ("flag", {"numeric": [">", 0]}, False),
        ("address", {"cidr": "10.0.0.0/16"}, True),
        ("address", {"cidr": "10.1.0.0/16"}, False),
        ("lastStatus", {"cidr": "10.1.0.0/16"}, False),
        ("count", {"exists": True}, True),
        ("count", {"exists": False}, False),
        ("missing", {"exists": False}, True),
        ("missing", {"anything-but": "x"}, False),
    ],
)
def test_an_operator(field, operator, fits):
    assert matches(**{field: [operator]}) is fits


def test_the_fields_of_an_object_in_an_array_belong_together():
    assert matches(containers={"name": ["app"], "exitCode": [1]})
    assert not matches(containers={"name": ["app"], "exitCode": [0]})


def test_alternatives_of_fields():
    pattern = {"$or": [{"count": [{"numeric": [">", 5]}]}, {"lastStatus": ["STOPPED"]}]}
    assert matches(**pattern)
    assert not matches(**{"$or": [{"count": [5]}, {"lastStatus": ["RUNNING"]}]})


@pytest.mark.parametrize(
    "text",
    [
        *("", "[]", "{}", '{"a": 1}', '{"a": []}', '{"a": {}}', '{"a": [["b"]]}', '{"a": [{"like": "x"}]}'),
        *('{"a": [{"numeric": [">"]}]}', '{"a": [{"numeric": ["~", 1]}]}', '{"a": [{"numeric": [">", "1"]}]}'),
        *('{"a": [{"cidr": "x"}]}', '{"a": [{"exists": 1}]}', '{"a": [{"prefix": 1}]}', '{"a": [{"wildcard": "a**"}]}'),
        '{"a": [{"anything-but": {"numeric": 1}}]}',
        '{"a":' * 60 + '["b"]' + "}" * 60,
        json.dumps({f"a{n}": {"$or": [{"b": ["c"]}] * 4} for n in range(6)}),
    ],
)
def test_malformed_patterns_are_refused(text):
    with pytest.raises(InvalidEventPattern, match=r"Event pattern is not valid\. Reason: "):
        parse_event_pattern(text)
