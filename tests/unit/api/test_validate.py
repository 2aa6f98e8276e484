"""The model's constraints, and what is said of who breaks them."""

from __future__ import annotations

import pytest
from botocore.model import ServiceModel

from moyai.api.wire.validate import Validator, any_missing, sentence

SHAPES = {
    "Input": {
        "type": "structure",
        "required": ["Name"],
        "members": {
            "Name": {"shape": "Name"},
            "Size": {"shape": "Size"},
            "Ratio": {"shape": "Ratio"},
            "Kind": {"shape": "Kind"},
            "Data": {"shape": "Data"},
            "Parts": {"shape": "Parts"},
            "Tags": {"shape": "Tags"},
            "Choice": {"shape": "Choice"},
            "Secret": {"shape": "Secret"},
            "Wide": {"shape": "Wide"},
            "Evil": {"shape": "Evil"},
            "Any": {"shape": "Any"},
            "Again": {"shape": "Input"},
            "Free": {"shape": "Free"},
            "Many": {"shape": "Many"},
        },
    },
    "Name": {"type": "string", "min": 1, "max": 5, "pattern": r"[\p{L}]*"},
    "Size": {"type": "integer", "min": 1, "max": 10_000_000},
    "Ratio": {"type": "double", "max": 0.5},
    "Kind": {"type": "string", "enum": ["A", "B"]},
    "Data": {"type": "blob", "max": 2},
    "Parts": {"type": "list", "member": {"shape": "Part"}, "max": 2},
    "Part": {"type": "structure", "required": ["Port"], "members": {"Port": {"shape": "Size"}}},
    "Tags": {"type": "map", "key": {"shape": "Name"}, "value": {"shape": "Name"}, "max": 2},
    "Choice": {"type": "structure", "union": True, "members": {"A": {"shape": "Size"}, "B": {"shape": "Size"}}},
    "Secret": {"type": "string", "max": 1, "sensitive": True},
    "Wide": {"type": "string", "pattern": r"[\u0020-\uD7FF\uE000-\uFFFD\uD800\uDC00-\uDBFF\uDFFF]*"},
    "Evil": {"type": "string", "pattern": "(a+)+b"},
    "Any": {"type": "structure", "document": True, "members": {}},
    "Many": {"type": "list", "member": {"shape": "Part"}},
    "Free": {"type": "list", "member": {"shape": "Text"}},
    "Text": {"type": "string"},
}
MODEL = ServiceModel(
    {
        "metadata": {"protocol": "json", "endpointPrefix": "toy"},
        "operations": {
            "Do": {"name": "Do", "http": {}, "input": {"shape": "Input"}},
            "Rest": {"name": "Rest", "http": {}},
        },
        "shapes": SHAPES,
    }
)
VALIDATOR = Validator()


def complaints_about(**params):
    return VALIDATOR.complaints(MODEL.operation_model("Do"), {"name": "a"} | params)


@pytest.mark.parametrize(
    ("params", "where", "words"),
    [
        ({"name": ""}, "Name", "Value ''… Member must have length greater than or equal to 1"),
        ({"name": "abcdef"}, "Name", "Value 'abcdef'… Member must have length less than or equal to 5"),
        ({"name": "a1"}, "Name", r"Value 'a1'… Member must satisfy regular expression pattern: [\p{L}]*"),
        ({"name": "a\n"}, "Name", "Value 'a\n'… Member must satisfy regular expression pattern"),
        ({"size": 0}, "Size", "Value '0'… Member must have value greater than or equal to 1"),
        ({"size": 10_000_001}, "Size", "Member must have value less than or equal to 10000000"),
        ({"ratio": 0.75}, "Ratio", "Value '0.75'… Member must have value less than or equal to 0.5"),
        ({"kind": "C"}, "Kind", "Value 'C'… Member must satisfy enum value set: [A, B]"),
        ({"data": b"abc"}, "Data", "A value of length 3… Member must have length less than or equal to 2"),
        ({"parts": [{"port": 1}] * 3}, "Parts", "A value of length 3… Member must have length less than or equal to 2"),
        ({"parts": [{"port": 1}, {"port": 0}]}, "Parts[1].Port", "Member must have value greater than"),
        ({"parts": [{}]}, "Parts[0].Port", "Value null… Member must not be null"),
        ({"tags": {"1": "a"}}, "Tags['1']", "regular expression"),
        ({"tags": {"a": "1"}}, "Tags['a']", "regular expression"),
        ({"choice": {}}, "Choice", "Exactly one member of a union must be set"),
        ({"choice": {"a": 1, "b": 1}}, "Choice", "2 members… Exactly one member of a union must be set"),
        ({"choice": {"a": 0}}, "Choice.A", "greater than"),
        ({"secret": "hunter2"}, "Secret", "A value that is not shown… Member must have length less"),
        ({"wide": "\x00"}, "Wide", "Member must satisfy regular expression pattern"),
        ({"evil": "a" * 5_000}, "Evil", "aaa…'… Member must satisfy regular expression pattern"),
        ({"again": {"again": {"name": "a", "size": 0}, "name": "a"}}, "Again.Again.Size", "greater than"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_violated_constraint_is_reported_with_its_member(params, where, words):
    (complaint,) = complaints_about(**params)
    assert complaint.where == where
    start, _, end = words.rpartition("… ")
    assert complaint.value.endswith(start)
    assert end in complaint.constraint


def test_valid_input_has_no_complaints():
    assert not complaints_about(
        size=1,
        ratio=-1e9,
        kind="A",
        parts=[],
        tags={"é": "ü"},
        choice={"b": 2},
        any={"x": 1},
        evil="aab",
        free=["", "x"],
    )
    assert VALIDATOR.complaints(MODEL.operation_model("Rest"), {}) == ()


def test_several_violations_are_reported_at_once():
    complaints = VALIDATOR.complaints(MODEL.operation_model("Do"), {"size": 0})
    assert any_missing(complaints)
    assert sentence(complaints) == (
        "2 validation errors detected: Value null at 'Name' failed to satisfy constraint: Member must not be null; "
        "Value '0' at 'Size' failed to satisfy constraint: Member must have value greater than or equal to 1"
    )
    (one,) = complaints_about(size=0)
    assert not any_missing([one])
    assert sentence([one]).startswith("1 validation error detected: ")


def test_an_error_message_is_bounded():
    complaints = complaints_about(many=[{"port": 0}] * 1001)
    assert sentence(complaints).startswith("1001 validation errors detected")
    assert len(sentence(complaints)) < 2_000
