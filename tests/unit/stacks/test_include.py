"""The transform AWS::Include: where a file's content goes, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.stacks.transforms.include import MAX_INCLUDED, include_files


def include(location: object = "s3://b/f") -> dict[str, Any]:
    return {"Name": "AWS::Include", "Parameters": {"Location": location}}


TRANSFORM = ["AWS::Include"]


@pytest.mark.parametrize(
    ("document", "file", "result"),
    [
        ({"Resources": {}}, "", {"Resources": {}}),
        ({"Transform": "AWS::LanguageExtensions"}, "", {"Transform": "AWS::LanguageExtensions"}),
        ({"Transform": include()}, "A: 1", {"A": 1, "Transform": TRANSFORM}),
        (
            {"Transform": ["AWS::LanguageExtensions", include()], "B": 2},
            '{"A": 1, "B": 1}',
            {"A": 1, "B": 2, "Transform": ["AWS::LanguageExtensions", "AWS::Include"]},
        ),
        ({"R": {"Fn::Transform": include(), "X": 0}}, "A: 1", {"R": {"A": 1, "X": 0}, "Transform": TRANSFORM}),
        ({"R": {"L": [{"Fn::Transform": include()}]}}, "A: 1", {"R": {"L": [{"A": 1}]}, "Transform": TRANSFORM}),
    ],
)
def test_a_files_content_is_where_it_is_included(document, file, result):
    assert include_files(document, {"s3://b/f": file}) == result


@pytest.mark.parametrize(
    ("document", "file", "message"),
    [
        ({"R": {"Fn::Transform": include({"Ref": "X"})}}, "A: 1", "Location must be the URL of a file in S3"),
        ({"R": {"Fn::Transform": {"Name": "Mine"}}}, "A: 1", "No transform named Mine found."),
        ({"Transform": include()}, '{"Transform": {"Name": "AWS::Include"}}', "Location must be the URL"),
        (
            {"Transform": include()},
            '{"R": {"Fn::Transform": ' + '{"Name": "AWS::Include", "Parameters": {"Location": "s"}}}}',
            "includes another one",
        ),
        ({"R": [{"Fn::Transform": include()}] * 2}, "A: " + "x" * (MAX_INCLUDED // 2), "have more than"),
        ({"Transform": include()}, "[1]", "unsupported structure"),
    ],
)
def test_inclusions_without_content_are_refused(document, file, message):
    with pytest.raises(TemplateFault) as caught:
        include_files(document, {"s3://b/f": file})
    assert message in caught.value.message
