"""The parameters of transforms: those that a transform does not have are refused by name."""

from __future__ import annotations

import pytest

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.stacks.transforms.parameters import checked_transforms

INCLUDE = {"Name": "AWS::Include", "Parameters": {"Location": "s3://b/f"}}


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"Transform": "AWS::LanguageExtensions"},
        {"Transform": ["AWS::LanguageExtensions", {"Name": "AWS::Serverless-2016-10-31"}]},
        {"Transform": [INCLUDE], "Resources": {"R": [{"Fn::Transform": INCLUDE}]}},
    ],
)
def test_parameters_of_the_transform_are_accepted(document):
    assert checked_transforms(document) is document


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"Transform": "AWS::Include"}, "needs the parameter Location"),
        ({"Transform": ["AWS::LanguageExtensions", "AWS::Include"]}, "needs the parameter Location"),
        (
            {"Transform": {"Name": "AWS::LanguageExtensions", "Parameters": {"Depth": 1}}},
            "AWS::LanguageExtensions failed with: it has no parameter Depth.",
        ),
        (
            {"R": {"L": [{"Fn::Transform": {"Name": "AWS::Include", "Parameters": {"Location": "s", "Region": "x"}}}]}},
            "AWS::Include failed with: it has no parameter Region.",
        ),
        ({"Transform": {"Name": "AWS::Include", "Paramters": {}}}, "has no member Paramters"),
        ({"Transform": {"Name": "AWS::Include", "Parameters": "s3://b/f"}}, "must be an object"),
    ],
)
def test_other_parameters_are_refused(document, message):
    with pytest.raises(TemplateFault) as caught:
        checked_transforms(document)
    assert message in caught.value.message
