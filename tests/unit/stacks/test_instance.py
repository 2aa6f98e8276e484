"""Templates with values: functions, parameters, conditions, rules, references, loops."""

from __future__ import annotations

import json
from typing import Any

import pytest

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.domain.cloudformation.stack import PhysicalResource, ResourceStatus, StackResource
from moyai.kernel.clock import Instant
from moyai.kernel.ids import StackId
from moyai.kernel.scope import DEFAULT_SCOPE
from moyai.stacks.evaluation.scope import ResourceValues, Values, pseudo_parameters
from moyai.stacks.instance import ParameterSource, StackInstance, instantiate
from moyai.stacks.progress.view import plain, values_with, wanted_properties
from moyai.stacks.template.expressions import GetAtt, Join, Ref, walk
from moyai.stacks.template.sections import parse_template
from moyai.stacks.template.text import parse_text

KNOWN = Values(
    parameters=pseudo_parameters(DEFAULT_SCOPE, "shop", "arn:aws:cloudformation:us-east-1:123456789012:stack/shop/1"),
    zones={"us-east-1": ("us-east-1a", "us-east-1b")},
    exports={"net-vpc": "vpc-1"},
)
LOGS = {"Type": "AWS::Logs::LogGroup"}


def instance(template: dict[str, Any], **parameters: str) -> StackInstance:
    return instantiate(parse_text(json.dumps(template)), ParameterSource(parameters), KNOWN)


def value(expression: Any, **sections: Any) -> Any:
    """The value of an expression as a property."""
    document = {"Resources": {"A": LOGS | {"Properties": {"X": expression}}, "B": LOGS}, **sections}
    return plain(instance(document).template.resources["A"].properties["X"])


def refusal(template: dict[str, Any], **parameters: str) -> str:
    with pytest.raises(TemplateFault) as caught:
        instance(template, **parameters)
    return caught.value.message


MAPPINGS = {"Mappings": {"Sizes": {"us-east-1": {"small": 1, "names": ["a", "b"]}}}}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ({"Ref": "AWS::Region"}, "us-east-1"),
        ({"Fn::Sub": "${AWS::AccountId}-${!Literal}-x"}, "123456789012-${Literal}-x"),
        ({"Fn::Sub": ["${A}-${B2}", {"A": {"Ref": "AWS::StackName"}, "B2": 5}]}, "shop-5"),
        ({"Fn::Join": [",", ["a", 1, True, {"Ref": "AWS::NoValue"}]]}, "a,1,true"),
        ({"Fn::Join": ["-", {"Fn::Split": [".", "a.b"]}]}, "a-b"),
        ({"Fn::Select": ["1", {"Fn::GetAZs": ""}]}, "us-east-1b"),
        ({"Fn::Cidr": ["10.0.0.0/16", 2]}, ["10.0.0.0/24", "10.0.1.0/24"]),
        ({"Fn::Cidr": ["10.0.0.0/16", "2", "12"]}, ["10.0.0.0/20", "10.0.16.0/20"]),
        ({"Fn::Cidr": ["2001:db8::/56", 1]}, ["2001:db8::/64"]),
        ({"Fn::Base64": "hi"}, "aGk="),
        ({"Fn::ImportValue": {"Fn::Sub": "net-vpc"}}, "vpc-1"),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "small"]}, 1),
        ({"Fn::FindInMap": ["Sizes", "us-east-1", "names"]}, ["a", "b"]),
        ([1, {"Ref": "AWS::NoValue"}, 2], [1, 2]),
        ({"a": {"Ref": "AWS::NoValue"}, "b": {"c": []}}, {"b": {"c": []}}),
        ({"Condition": "text", "Ref2": 1}, {"Condition": "text", "Ref2": 1}),
        ({"Fn::Select": [0, ["a", {"Ref": "B"}]]}, "a"),
        ({"Ref": "B"}, Ref("B")),
    ],
)
def test_a_function_is_evaluated_as_far_as_its_values_are_known(expression, expected):
    assert value(expression, **MAPPINGS) == expected


def test_a_text_with_an_attribute_of_a_resource_is_not_known_before_it_exists():
    join = value({"Fn::Sub": "x-${B.Arn}"})
    assert (join.delimiter, join.items) == ("", ("x-", GetAtt("B", "Arn")))


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ({"Fn::Nothing": 1}, "Fn::Nothing is not known"),
        ({"Fn::Equals": [1, 1]}, "Fn::Equals is not known, or can't be used here"),
        ({"Ref": ["A"]}, "every Ref object must have a single String value."),
        ({"Ref": "A", "Other": 1}, "an object with Ref can't have other members"),
        ({"Fn::Join": ["", "text"]}, "every Fn::Join object requires two parameters"),
        ({"Fn::Split": ["", "text"]}, "every Fn::Split object requires two parameters"),
        ({"Fn::Select": [5, ["a"]]}, "Fn::Select cannot select nonexistent value at index 5"),
        ({"Fn::Select": ["x", ["a"]]}, "Fn::Select requires an integer index, not x"),
        ({"Fn::Sub": "${a b}"}, "variable names in Fn::Sub syntax must contain only alphanumeric"),
        ({"Fn::Sub": ["x"]}, "One or more Fn::Sub intrinsic functions don't specify expected arguments"),
        ({"Fn::FindInMap": ["Sizes", "x", "small"]}, "Unable to get mapping for Sizes::x::small"),
        ({"Fn::FindInMap": ["None", "x", "y"]}, "Mapping named 'None' is not present in the 'Mappings' section"),
        ({"Fn::GetAtt": "B"}, "every Fn::GetAtt object requires two non-empty parameters"),
        ({"Fn::GetAtt": ["None", "Arn"]}, "instance of Fn::GetAtt references undefined resource None"),
        ({"Ref": "None"}, "Unresolved resource dependencies [None] in the Resources block of the template"),
        ({"Fn::Sub": "${None}"}, "Unresolved resource dependencies [None] in the Resources block of the template"),
        ({"Fn::ImportValue": "none"}, "No export named none found."),
        ({"Fn::GetAZs": "eu-none-1"}, "Fn::GetAZs has no zones of the region eu-none-1"),
        ({"Fn::Cidr": ["10.0.0.0/30", 4, 2]}, "10.0.0.0/30 has no 4 ranges of /30"),
        ({"Fn::Cidr": ["10.0.0.0/8", 257, 8]}, "the count must be between 1 and 256"),
        ({"Fn::Cidr": ["none", 1]}, "none is not a valid CIDR block"),
        ({"Fn::If": ["None", 1, 2]}, "Unresolved condition dependency None"),
        ({"Fn::Length": [1]}, "Fn::Length is not known"),
    ],
)
def test_a_function_without_a_result_is_refused(expression, message):
    assert message in refusal({"Resources": {"A": LOGS | {"Properties": {"X": expression}}, "B": LOGS}, **MAPPINGS})


CONDITIONS = {
    "Parameters": {"Env": {"Type": "String", "Default": "prod"}},
    "Conditions": {
        "IsProd": {"Fn::Equals": [{"Ref": "Env"}, "prod"]},
        "IsTest": {"Fn::Not": [{"Condition": "IsProd"}]},
        "Either": {"Fn::Or": [{"Condition": "IsTest"}, {"Fn::Equals": [80, "80"]}]},
        "Both": {"Fn::And": [{"Condition": "IsProd"}, {"Condition": "Either"}]},
    },
}


def test_conditions_decide_about_resources_outputs_and_values():
    template = {
        **CONDITIONS,
        "Resources": {
            "Always": LOGS | {"Properties": {"X": {"Fn::If": ["Both", {"Ref": "Prod"}, {"Ref": "Test"}]}}},
            "Prod": LOGS | {"Condition": "IsProd"},
            "Test": LOGS | {"Condition": "IsTest", "DependsOn": "Prod"},
        },
        "Outputs": {"P": {"Value": {"Ref": "Prod"}, "Condition": "IsProd"}, "T": {"Value": "x", "Condition": "IsTest"}},
    }
    made = instance(template)
    assert made.order == {"Always": {"Prod"}, "Prod": set()}
    assert list(made.template.outputs) == ["P"]
    assert "Unresolved resource dependencies [Test]" in refusal(
        template | {"Outputs": {"T": {"Value": {"Ref": "Test"}}}}
    )
    assert list(instance(template | {"Outputs": {}}, Env="dev").template.resources) == ["Always", "Test"]


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({"A": {"Condition": "B"}, "B": {"Fn::Not": [{"Condition": "A"}]}}, "Circular dependency between conditions"),
        ({"A": {"Condition": "None"}}, "Unresolved condition dependency None"),
        ({"A": {"Fn::Equals": [{"Ref": "L"}, 1]}}, "Cannot reference resources in the Conditions block"),
        ({"A": {"Fn::And": [{"Condition": "A"}]}}, "requires a list of at least 2 and at most 10 boolean parameters"),
        ({"A": "true"}, "Every Conditions member must be a function"),
        ({"A": {"Fn::Not": [{"Ref": "AWS::Region"}]}}, "a condition must be a condition function"),
    ],
)
def test_malformed_conditions_are_refused(conditions, message):
    assert message in refusal({"Resources": {"L": LOGS}, "Conditions": conditions})


@pytest.mark.parametrize(
    ("parameter", "text", "message"),
    [
        ({"Type": "String", "AllowedValues": ["a", 1]}, "b", "Parameter 'P' must be one of AllowedValues"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "A", "Parameter 'P' must match pattern [a-z]+"),
        ({"Type": "String", "MinLength": "3"}, "ab", "Parameter 'P' must contain at least 3 characters"),
        ({"Type": "String", "MaxLength": 1}, "ab", "Parameter 'P' must contain at most 1 characters"),
        ({"Type": "Number"}, "x", "Parameter 'P' must be a number"),
        ({"Type": "Number", "MinValue": 3}, "2", "Parameter 'P' must be a number not less than 3"),
        ({"Type": "Number", "MaxValue": 3}, "4", "Parameter 'P' must be a number not greater than 3"),
        ({"Type": "List<Number>"}, "1,x", "Parameter 'P' must be a number"),
        (
            {"Type": "String", "AllowedValues": ["a"], "ConstraintDescription": "say a"},
            "b",
            "Parameter 'P' failed to satisfy constraint: say a",
        ),
        ({"Type": "Text"}, "b", "Template format error: Unrecognized parameter type: Text"),
        ({"Type": "String"}, "b" * 4097, "Parameter 'P' is longer than 4096 bytes"),
        ({"Type": "String", "AllowedPattern": "("}, "b", "the AllowedPattern ( is not valid"),
        ({"Type": "String", "AllowedPattern": "(" * 1000 + ")" * 1000}, "b", "is not valid, or takes too long"),
        ({"Type": "String", "Typo": 1}, "b", "[/Parameters/P]"),
        ({}, "b", "Every Parameters object must contain a Type member."),
    ],
)
def test_a_parameter_outside_its_limits_is_refused(parameter, text, message):
    assert message in refusal({"Parameters": {"P": parameter}, "Resources": {"A": LOGS}}, P=text)


def test_parameters_have_given_former_and_default_values():
    template = {
        "Parameters": {
            "Given": {"Type": "String", "Default": "no"},
            "Former": {"Type": "CommaDelimitedList"},
            "Default": {"Type": "Number", "Default": 8080},
            "Stored": {"Type": "AWS::SSM::Parameter::Value<List<String>>", "Default": "/names"},
        },
        "Resources": {"A": LOGS | {"Properties": {n: {"Ref": n} for n in ("Given", "Former", "Default", "Stored")}}},
    }
    source = ParameterSource({"Given": "yes"}, {"Former": "a, b"}, {"Stored": "x,y"})
    made = instantiate(parse_text(json.dumps(template)), source, KNOWN)
    assert plain(made.template.resources["A"].properties) == {
        "Given": "yes",
        "Former": ["a", "b"],
        "Default": "8080",
        "Stored": ["x", "y"],
    }
    assert refusal(template, Given="a") == "Parameters: [Former] must have values"
    assert refusal(template, Other="a", Former="b") == "Parameters: [Other] do not exist in the template"


def test_rules_check_parameters():
    template = {
        "Parameters": {"Env": {"Type": "String"}, "Size": {"Type": "String"}},
        "Rules": {
            "Large": {
                "RuleCondition": {"Fn::Equals": [{"Ref": "Env"}, "prod"]},
                "Assertions": [
                    {
                        "Assert": {"Fn::Contains": [["l", "xl"], {"Ref": "Size"}]},
                        "AssertDescription": "production is large",
                    }
                ],
            }
        },
        "Resources": {"A": LOGS},
    }
    instance(template, Env="dev", Size="s")
    instance(template, Env="prod", Size="xl")
    assert "production is large" in refusal(template, Env="prod", Size="s")


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ({}, "At least one Resources member must be defined."),
        ({"Resources": {"A": {}}}, "[/Resources/A] Every Resources object must contain a Type member."),
        ({"Resources": {"A-B": LOGS}}, "Resource name A-B is non alphanumeric."),
        ({"Resources": {"A": LOGS | {"Typo": 1}}}, "Invalid template resource property 'Typo'"),
        ({"Resources": {"A": LOGS}, "Typo": {}}, "Invalid template property or properties [Typo]"),
        ({"Resources": {"A": LOGS | {"DeletionPolicy": "Keep"}}}, "Unrecognized DeletionPolicy Keep"),
        ({"Resources": {"A": LOGS | {"DependsOn": [1]}}}, "must be a string or a list of strings"),
        ({"Resources": {"A": LOGS | {"DependsOn": "B"}}}, "Unresolved resource dependencies [B]"),
        (
            {"Resources": {f"A{n}": LOGS for n in range(501)}},
            "Number of resources, 501, is greater than maximum allowed, 500",
        ),
        ({"Resources": {"A": LOGS}, "AWSTemplateFormatVersion": "2020-01-01"}, "2020-01-01 is not a supported value"),
        ({"Resources": {"A": LOGS}, "Outputs": {"O": {}}}, "Every Outputs member must contain a Value object."),
        (
            {"Resources": {"A": LOGS | {"DependsOn": "B"}, "B": LOGS | {"DependsOn": "A"}}},
            "Circular dependency between resources: [A, B]",
        ),
        ({"Resources": {"A": LOGS}, "Description": "x" * 1025}, "Template description is longer than 1024"),
    ],
)
def test_a_malformed_template_is_refused(template, message):
    assert message in refusal(template)


def test_loops_write_their_members_out():
    template = {
        "Transform": "AWS::LanguageExtensions",
        "Parameters": {"Names": {"Type": "CommaDelimitedList", "Default": "web-app,api"}},
        "Resources": {
            "Fn::ForEach::Logs": [
                "Name",
                {"Ref": "Names"},
                {
                    "Logs&{Name}": LOGS
                    | {
                        "DeletionPolicy": {"Fn::Select": [0, ["Retain"]]},
                        "Properties": {"LogGroupName": {"Fn::Sub": "/${Name}/${AWS::Region}"}, "Own": {"Ref": "Name"}},
                    }
                },
            ]
        },
        "Outputs": {"Count": {"Value": {"Fn::Length": {"Ref": "Names"}}}},
    }
    instantiated = instance(template).template
    assert {name: plain(r.properties) for name, r in instantiated.resources.items()} == {
        "Logswebapp": {"LogGroupName": "/web-app/us-east-1", "Own": "web-app"},
        "Logsapi": {"LogGroupName": "/api/us-east-1", "Own": "api"},
    }
    assert instantiated.resources["Logsapi"].deletion_policy.value == "Retain"
    assert instantiated.outputs["Count"].value == 2
    assert "are not different" in refusal(template, Names="a-b,ab")


def test_values_of_resources_complete_properties():
    instantiated = instance({"Resources": {"A": LOGS, "B": LOGS | {"Properties": {"X": {"Fn::Sub": "${A}/${A.Arn}"}}}}})
    values = values_with(instantiated.values, {})
    assert isinstance(wanted_properties(instantiated.template.resources["B"], values, {})["X"], Join)
    values = Values(instantiated.values.parameters, resources={"A": ResourceValues("a", {"Arn": "arn"})})
    assert wanted_properties(instantiated.template.resources["B"], values, {"team": "x"}) == {
        "X": "a/arn",
        "Tags": [{"Key": "team", "Value": "x"}],
    }


def nested_subs(times: int) -> Any:
    """A text that Fn::Sub doubles so many times."""
    expression: Any = "x"
    for _ in range(times):
        expression = {"Fn::Sub": ["${a}${a}", {"a": expression}]}
    return expression


def test_a_walk_is_no_longer_than_the_template():
    template = parse_template({"Resources": {"A": {**LOGS, "Properties": {"X": nested_subs(20)}}}})
    assert sum(1 for _ in walk(template.resources["A"].properties)) < 100


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (nested_subs(20), "result in more than 4194304 characters"),
        ({"Fn::Join": ["d" * 20_000, {"Fn::Split": [",", "," * 9_000]}]}, "a text of more than 262144 characters"),
        ({"Fn::Split": [",", "," * 20_000]}, "more than 10000 elements"),
        ([{"Fn::Join": ["d" * 25, {"Fn::FindInMap": ["Long", "a", "b"]}]}] * 100, "result in more than"),
        ([{"Fn::FindInMap": ["Long", "a", "b"]}] * 100, "result in more than 4194304 characters"),
    ],
    ids=["nested", "delimiter", "elements", "joins", "lists"],
)
def test_a_small_template_with_a_large_result_is_refused(expression, message):
    mappings = {"Long": {"a": {"b": ["1"] * 4_000}}}
    assert message in refusal({"Mappings": mappings, "Resources": {"A": LOGS | {"Properties": {"X": expression}}}})


@pytest.mark.parametrize("body", [[0] * 5_000, "${X}" * 5_000], ids=["values", "texts"])
def test_loops_that_make_too_much_are_refused(body):
    resources = {
        "Fn::ForEach::L": ["X", ["x" * 200 + str(n) for n in range(50)], {"A${X}": LOGS | {"Properties": body}}]
    }
    template = {"Transform": "AWS::LanguageExtensions", "Resources": resources}
    assert "result in more than 4194304 characters" in refusal(template)


def test_an_element_of_a_loop_is_not_replaced_in_itself():
    body = {"R": LOGS | {"Properties": {"LogGroupName": "${X}"}}}
    document = {"Transform": "AWS::LanguageExtensions", "Resources": {"Fn::ForEach::L": ["X", ["&{X}"], body]}}
    assert instance(document).template.resources["R"].properties == {"LogGroupName": "&{X}"}


def test_a_property_that_makes_too_much_of_a_masked_value_is_hidden():
    lookup = {"Fn::FindInMap": ["M", {"Ref": "K"}, "v", {"DefaultValue": nested_subs(24)}]}
    document = {
        "Transform": "AWS::LanguageExtensions",
        "Parameters": {"K": {"Type": "String", "NoEcho": True}},
        "Mappings": {"M": {"k": {"v": "ok"}}},
        "Resources": {"A": LOGS | {"Properties": {"LogGroupName": lookup}}},
    }
    masked = instance(document, K="k")
    assert masked.template.resources["A"].properties == {"LogGroupName": "ok"}
    assert masked.masked == {"A": {"LogGroupName": "****"}}


def test_a_loop_over_a_hidden_parameter_is_refused():
    document = {
        "Transform": "AWS::LanguageExtensions",
        "Parameters": {"K": {"Type": "CommaDelimitedList", "NoEcho": True}},
        "Resources": {"Fn::ForEach::L": ["X", {"Ref": "K"}, {"R${X}": LOGS}]},
    }
    assert "can't use the NoEcho parameter K in loops" in refusal(document, K="k")


def test_all_patterns_of_a_template_share_half_a_second(monkeypatch):
    limits = []

    def match(pattern: str, text: str, seconds: float) -> bool:
        del pattern, text
        limits.append(seconds)
        return True

    monkeypatch.setattr("moyai.stacks.evaluation.parameters.matches_whole", match)
    parameter = {"Type": "CommaDelimitedList", "AllowedPattern": "x"}
    instance({"Parameters": {"P": parameter, "Q": parameter}, "Resources": {"A": LOGS}}, P="a,b", Q="c,d")
    assert limits == pytest.approx([0.125] * 4)


def test_a_parameter_that_is_not_unicode_is_refused():
    template = {"Parameters": {"P": {"Type": "String"}}, "Resources": {"A": LOGS}}
    assert "[/Parameters/P] has a character that is not Unicode" in refusal(template, P="\ud800")


def test_functions_take_lists_among_the_attributes_of_resources():
    ranges = {"Fn::GetAtt": ["B", "Ranges"]}
    properties = {"X": {"Fn::Select": [1, ranges]}, "Y": {"Fn::Join": [",", ranges]}}
    stack = instance({"Resources": {"A": LOGS | {"Properties": properties}, "B": LOGS}})
    record = StackResource(
        stack=StackId("stack"),
        logical_id="B",
        type=LOGS["Type"],
        status=ResourceStatus.CREATE_COMPLETE,
        changed_at=Instant(0.0),
        token="t",
        physical=PhysicalResource("b", {}, "b", {"Ranges": ["x", "y"]}),
    )
    known = values_with(stack.values, {"B": record})
    assert wanted_properties(stack.template.resources["A"], known, {}) == {"X": "y", "Y": "x,y"}
