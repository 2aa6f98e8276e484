"""The transform AWS::Serverless: applications become nested stacks."""

from __future__ import annotations

from typing import Any

import pytest

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.stacks.skipping import skip_resources, skipped_types
from moyai.stacks.transforms.serverless import nest_applications

APPLICATION = "AWS::Serverless::Application"


def test_an_application_becomes_a_nested_stack():
    resources: dict[str, Any] = {
        "App": {
            "Type": APPLICATION,
            "DependsOn": "Logs",
            "Properties": {"Location": "https://s3/t.yml", "Parameters": {"A": "1"}, "Tags": {"team": "shop"}},
        },
        "Logs": {"Type": "AWS::Logs::LogGroup"},
    }
    nested = nest_applications({"Resources": resources})["Resources"]
    assert nested == {
        "App": {
            "Type": "AWS::CloudFormation::Stack",
            "DependsOn": "Logs",
            "Properties": {
                "TemplateURL": "https://s3/t.yml",
                "Parameters": {"A": "1"},
                "Tags": [{"Key": "team", "Value": "shop"}, {"Key": "lambda:createdBy", "Value": "SAM"}],
            },
        },
        "Logs": {"Type": "AWS::Logs::LogGroup"},
    }


def test_a_skipped_function_is_left_beside_an_application():
    document: dict[str, Any] = {
        "Globals": {"Function": {"Timeout": 3}},
        "Resources": {
            "App": {"Type": APPLICATION, "Properties": {"Location": "https://s3/t.yml"}},
            "F": {"Type": "AWS::Serverless::Function", "DeletionPolicy": "Retain", "Properties": {"CodeUri": "."}},
        },
    }
    skipped = skipped_types(document, ["AWS::Serverless::*"], {APPLICATION})
    assert skipped == ("AWS::Serverless::Function",)
    nested: Any = nest_applications(skip_resources(document, skipped))
    assert nested.keys() == {"Resources"}
    assert nested["Resources"]["App"]["Type"] == "AWS::CloudFormation::Stack"
    assert nested["Resources"]["F"] == {"Type": "Skipped::AWS::Serverless::Function", "Properties": {"CodeUri": "."}}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"Resources": {"F": {"Type": "AWS::Serverless::Function"}}}, "moyai has no AWS::Serverless::Function"),
        ({"Resources": {"A": {"Type": APPLICATION, "Properties": {"Typo": 1}}}}, f"{APPLICATION} has no property Typo"),
        ({"Resources": {"A": {"Type": APPLICATION, "Properties": {"Location": {"ApplicationId": "x"}}}}}, "in S3"),
        ({"Resources": {"A": {"Type": APPLICATION}}}, "Its Location must be the URL"),
        *(
            (
                {"Resources": {"A": {"Type": APPLICATION, "Properties": {"Location": "https://s3/t", "Tags": tags}}}},
                "Tags",
            )
            for tags in ([{"Key": "a", "Value": "b"}], "a", {"Ref": "Tags"}, {"Fn::FindInMap": ["a", "b", "c"]})
        ),
    ],
)
def test_other_types_and_other_locations_are_refused(document, message):
    with pytest.raises(TemplateFault) as caught:
        nest_applications(document)
    assert caught.value.message.startswith("Transform AWS::Serverless-2016-10-31 failed with: ")
    assert message in caught.value.message
