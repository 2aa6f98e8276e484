"""The input of a target: paths, constants and templates."""

from __future__ import annotations

import json

import pytest

from moyai.domain.eventbridge.errors import InvalidEventRequest
from moyai.domain.eventbridge.rule import InputTransformer, RuleTarget
from moyai.expressions.event_input import parse_event_path, target_input
from moyai.kernel.ids import EventRuleArn

RULE = EventRuleArn("arn:aws:events:us-east-1:123456789012:rule/stopped")
EVENT = {"time": "2027-01-01T00:00:00Z", "detail": {"task": {"name": 'a "b"'}, "list": [{"n": 1}], "x y": True}}
TEXT = json.dumps(EVENT)


def input_of(**members) -> str:
    return target_input(RuleTarget("1", "arn:aws:sqs:us-east-1:123456789012:q", **members), RULE, TEXT)


def test_a_part_a_constant_or_the_event():
    assert input_of() == TEXT
    assert input_of(input='{"a": 1}') == '{"a": 1}'
    assert input_of(input_path="$.detail.list[0].n") == "1"
    assert input_of(input_path="$.detail['x y']") == "true"
    assert input_of(input_path="$.detail.none.at.all") == "null"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ('{"name": <name>, "n": <n>}', '{"name": "a \\"b\\"", "n": 1}'),
        ('"the task <name> has <n>"', '"the task a \\"b\\" has 1"'),
        (
            '"<aws.events.rule-name> at <aws.events.event.ingestion-time>, <other>"',
            '"stopped at 2027-01-01T00:00:00Z, <other>"',
        ),
    ],
)
def test_a_template(template, text):
    paths = {"name": "$.detail.task.name", "n": "$.detail.list[0].n"}
    assert input_of(input_transformer=InputTransformer(template, paths)) == text


@pytest.mark.parametrize("path", ["detail", "$detail", "$..a", "$.a[*]", "$.a[", "$.a[?(@.b)]", ""])
def test_paths_that_are_refused(path):
    with pytest.raises(InvalidEventRequest, match="JSONPath"):
        parse_event_path(path)
