"""Which dashboards can be drawn."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moyai.domain.cloudwatch.dashboard_body import MAX_MESSAGES, NotAJsonObject, check_body

PLACE = {"x": 0, "y": 0, "width": 6, "height": 6}
FORM = 'Field "metrics" has to be an array of array of strings, with an optional metricRenderer object as last element'
NO_SOURCE = "The metric widget should have specified a region and a data source or an alarm annotation"


def widget(kind="metric", **properties):
    return {"type": kind, **PLACE, "properties": properties}


def metric(*metrics, **more):
    return widget(metrics=list(metrics), region="us-east-1", **more)


def errors_and_warnings(*widgets, **top):
    verdict = check_body(json.dumps({"widgets": list(widgets), **top}))
    return [(error.path, error.text) for error in verdict.errors], [
        (warning.path, warning.text) for warning in verdict.warnings
    ]


@pytest.mark.parametrize(
    "good",
    [
        widget("text", markdown="# Shop"),
        metric(["AWS/ECS", "CPUUtilization", "ClusterName", "shop", "ServiceName", "front"]),
        metric(["AWS/ECS", "CPUUtilization"], ["...", "shop"], [".", ".", {"stat": "p99"}], view="singleValue"),
        metric(["AWS/ECS", "CPUUtilization", "ClusterName", "shop"], ["...", {"stat": "p99"}], ["...", ".", "cart"]),
        metric([{"expression": "SEARCH('{AWS/ECS,ClusterName} cpu', 'Average', 60)", "id": "e1"}], period=60),
        widget(annotations={"alarms": ["arn:aws:cloudwatch:us-east-1:123456789012:alarm:busy"]}),
        widget("alarm", alarms=["arn:aws:cloudwatch:us-east-1:123456789012:alarm:busy"], title="Alarms"),
        widget("log", query="SOURCE 'x' | fields @message", region="us-east-1"),
        {"type": "text", "properties": {"markdown": ""}},
    ],
)
def test_widgets_of_the_console_are_valid(good):
    assert errors_and_warnings(good, start="-PT3H", periodOverride="inherit") == ([], [])


@pytest.mark.parametrize(
    ("bad", "errors"),
    [
        ("text", [("", "Should be object")]),
        ({"properties": {}}, [("", "Should have required property 'type'")]),
        ({"type": "text"}, [("", "Should have required property 'properties'")]),
        (widget("clock"), [("/type", "Should be equal to one of the allowed values")]),
        ({**widget("text", markdown=""), "x": 24}, [("/x", "Should be <= 23")]),
        ({**widget("text", markdown=""), "height": 0}, [("/height", "Should be >= 1")]),
        ({**widget("text", markdown=""), "width": "6"}, [("/width", "Should be integer")]),
        (widget("text"), [("/properties", "Should have required property 'markdown'")]),
        (widget("text", markdown=3), [("/properties/markdown", "Should be string")]),
        (widget("alarm", alarms=[]), [("/properties/alarms", "Should NOT have less than 1 items")]),
        (
            widget(),
            [
                ("/properties", "Should have required property 'metrics'"),
                ("/properties", NO_SOURCE),
                ("/properties", "Should have required property 'annotations'"),
            ],
        ),
        (widget(metrics=[]), [("/properties", "Should have required property 'region'")]),
        (metric(["AWS/ECS"]), [("/properties/metrics/0", "Should NOT have less than 2 items")]),
        (
            metric(["AWS/ECS", "CPUUtilization", {"ClusterName": "shop"}, {"stat": "Sum"}]),
            [
                ("/properties/metrics/0/2", 'Invalid metric field type, only "String" type is allowed'),
                ("/properties/metrics/0", "Should NOT have more than 3 items"),
            ],
        ),
        (
            metric("AWS/ECS"),
            [
                ("/properties/metrics/0", "Should be array"),
                ("/properties/metrics/0", FORM),
            ],
        ),
        (metric(["A", "b"], view="cloud"), [("/properties/view", "Should be equal to one of the allowed values")]),
    ],
)
def test_invalid_widgets_are_reported_as_by_aws(bad, errors):
    text = widget("text", markdown="first")
    assert errors_and_warnings(text, bad)[0] == [(f"/widgets/1{path}", words) for path, words in errors]


@pytest.mark.parametrize("odd", [[], {}, 1, None, "always"])
def test_an_unknown_period_override_is_refused(odd):
    assert errors_and_warnings(periodOverride=odd)[0] == [
        ("/periodOverride", "Should be equal to one of the allowed values")
    ]


def test_errors_and_warnings_are_limited_to_a_hundred():
    many = metric([0] * 5_000), {**widget("text"), **{f"p{n}": 1 for n in range(5_000)}}, *[0] * 5_000
    assert [len(messages) for messages in errors_and_warnings(*many)] == [MAX_MESSAGES, MAX_MESSAGES]


def test_unknown_properties_are_warnings():
    assert errors_and_warnings({**widget("text", markdown=""), "colour": "red"}, owner="me") == (
        [],
        [
            ("/owner", "Unknown property 'owner', it will be ignored"),
            ("/widgets/0/colour", "Unknown property 'colour', it will be ignored"),
        ],
    )


@pytest.mark.parametrize(
    ("top", "error"),
    [
        ({}, ("", "Should have required property 'widgets'")),
        ({"widgets": {}}, ("/widgets", "Should be array")),
        (
            {"widgets": [], "periodOverride": "never"},
            ("/periodOverride", "Should be equal to one of the allowed values"),
        ),
        ({"widgets": [], "start": 3}, ("/start", "Should be string")),
        ({"widgets": [widget("text", markdown="")] * 501}, ("/widgets", "Should NOT have more than 500 items")),
    ],
)
def test_top_level_properties_are_checked(top, error):
    assert [tuple(each_error) for each_error in check_body(json.dumps(top)).errors] == [error]


@pytest.mark.parametrize("body", ["", "no", "[]", "3", '{"widgets"', "[" * 100_000, "null"])
def test_a_body_must_be_a_json_object(body):
    with pytest.raises(NotAJsonObject):
        check_body(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["widgets", "type", "properties", "metrics", "x", "annotations"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_checked_without_an_exception(value):
    try:
        check_body(json.dumps({"widgets": [{"type": "metric", "properties": value}, value], "start": value}))
        check_body(json.dumps(value))
    except NotAJsonObject:
        assert not isinstance(value, dict)
