"""What is wrong with a request or fails while it is carried out: AWS's words, and a stack in one of AWS's states."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.contract.api.asking import refusal
from tests.contract.api.test_cloudformation_boto3 import NAME, create, finish, physical_id, stack

GROUP = {"Type": "AWS::Logs::LogGroup"}
TEXT = {"Type": "String", "Default": "a"}
FORMAT = "Template format error: "


def parameter(value: Any, **more: Any) -> dict[str, Any]:
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}, **more}


def body(resources: dict[str, Any], **sections: Any) -> dict[str, Any]:
    return {"TemplateBody": json.dumps({"Resources": resources, **sections})}


def many(member: dict[str, Any], count: int, prefix: str = "N") -> dict[str, Any]:
    return {f"{prefix}{number}": member for number in range(count)}


def value_of(value: str, **of: Any) -> dict[str, Any]:
    return {
        **body({"A": GROUP}, Parameters={"P": {"Type": "String", **of}}),
        "Parameters": [{"ParameterKey": "P", "ParameterValue": value}],
    }


ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}}}
NAMED_ROLE = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}, "RoleName": "r"}}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a body beyond 51,200 bytes": (
        body({"A": GROUP}, Description="x" * 51_200),
        (
            "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have "
            "length less than or equal to 51200"
        ),
    ),
    "501 resources": (
        body(many(GROUP, 501)),
        FORMAT + "Number of resources, 501, is greater than maximum allowed, 500",
    ),
    "201 parameters": (
        body({"A": GROUP}, Parameters=many(TEXT, 201)),
        FORMAT + "Number of parameters, 201, is greater than maximum allowed, 200",
    ),
    "201 outputs": (
        body({"A": GROUP}, Outputs=many({"Value": "a"}, 201)),
        FORMAT + "Number of outputs, 201, is greater than maximum allowed, 200",
    ),
    "201 mappings": (
        body({"A": GROUP}, Mappings=many({"a": {"b": "c"}}, 201)),
        FORMAT + "Number of mappings, 201, is greater than maximum allowed, 200",
    ),
    "a long description": (
        body({"A": GROUP}, Description="x" * 1_025),
        FORMAT + "Template description is longer than 1024.",
    ),
    "a long name of a stack": (
        {**body({"A": GROUP}), "StackName": "a" * 129},
        (
            f"1 validation error detected: Value '{'a' * 129}' at 'stackName' failed to satisfy constraint: Member "
            "must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
        ),
    ),
    "a name with a dash": (body({"A-b": GROUP}), FORMAT + "Resource name A-b is non alphanumeric."),
    "a parameter's name with a dash": (
        body({"A": GROUP}, Parameters={"P-q": TEXT}),
        FORMAT + "Parameter name P-q is non alphanumeric.",
    ),
    "no resources": (body({}), FORMAT + "At least one Resources member must be defined."),
    "an unknown section": (body({"A": GROUP}, Typo={}), FORMAT + "Invalid template property or properties [Typo]"),
    "no JSON and no YAML": ({"TemplateBody": "{"}, FORMAT),
    "a circle": (
        body({"A": parameter({"Ref": "B"}), "B": parameter({"Fn::GetAtt": ["A", "Value"]})}),
        "Circular dependency between resources: [A, B]",
    ),
    "a resource that needs itself": (
        body({"A": {**GROUP, "DependsOn": "A"}}),
        "Circular dependency between resources: [A]",
    ),
    "an unknown parameter": (
        {**body({"A": GROUP}), "Parameters": [{"ParameterKey": "P", "ParameterValue": "a"}]},
        "Parameters: [P] do not exist in the template",
    ),
    "a parameter without a value": (
        body({"A": GROUP}, Parameters={"P": {"Type": "String"}}),
        "Parameters: [P] must have values",
    ),
    "a value beyond 4,096 bytes": (
        value_of("x" * 4_097),
        "Parameter 'P' is longer than 4096 bytes",
    ),
    "a map of 201 keys": (
        body({"A": GROUP}, Mappings={"M": many({"a": "b"}, 201)}),
        FORMAT + "Mapping M has more than 200 keys.",
    ),
    "a template's resource of a logical id beyond 255 characters": (
        body({"A" * 256: GROUP}),
        FORMAT + f"Resource name {'A' * 20}… is longer than 255 characters.",
    ),
    "another value than allowed": (
        value_of("c", AllowedValues=["a", "b"]),
        "Parameter 'P' must be one of AllowedValues",
    ),
    "a value of another pattern": (
        value_of("A", AllowedPattern="[a-z]+"),
        "Parameter 'P' must match pattern [a-z]+",
    ),
    "a value that is no number": (value_of("a", Type="Number"), "Parameter 'P' must be a number"),
    "a value of another length": (
        value_of("abc", MaxLength=2),
        "Parameter 'P' must contain at most 2 characters",
    ),
    "roles without a capability": (body({"A": ROLE}), "Requires capabilities : [CAPABILITY_IAM]"),
    "named roles with a lesser capability": (
        {**body({"A": NAMED_ROLE}), "Capabilities": ["CAPABILITY_IAM"]},
        "Requires capabilities : [CAPABILITY_NAMED_IAM]",
    ),
    "an unresolved Ref": (
        body({"A": parameter({"Ref": "Missing"})}),
        FORMAT + "Unresolved resource dependencies [Missing] in the Resources block of the template",
    ),
    "an unresolved Ref in an output": (
        body({"A": GROUP}, Outputs={"O": {"Value": {"Ref": "Missing"}}}),
        FORMAT + "Unresolved resource dependencies [Missing] in the Outputs block of the template",
    ),
    "an unresolved DependsOn": (
        body({"A": {**GROUP, "DependsOn": "Missing"}}),
        FORMAT + "Unresolved resource dependencies [Missing] in the Resources block of the template",
    ),
    "an unresolved GetAtt": (
        body({"A": parameter({"Fn::GetAtt": ["Missing", "Arn"]})}),
        "Template error: instance of Fn::GetAtt references undefined resource Missing",
    ),
    "an unresolved Sub": (
        body({"A": parameter({"Fn::Sub": "${Missing}"})}),
        FORMAT + "Unresolved resource dependencies [Missing] in the Resources block of the template",
    ),
    "an unresolved condition": (
        body({"A": {**GROUP, "Condition": "Missing"}}),
        FORMAT + "Unresolved condition dependency Missing in the Resources block of the template",
    ),
    "a condition that refers to a resource": (
        body({"A": GROUP}, Conditions={"C": {"Fn::Equals": [{"Ref": "A"}, "a"]}}),
        FORMAT + "Unresolved dependencies [A]. Cannot reference resources in the Conditions block of the template",
    ),
    "a missing map": (
        body({"A": parameter({"Fn::FindInMap": ["M", "a", "b"]})}),
        "Template error: Mapping named 'M' is not present in the 'Mappings' section of template.",
    ),
    "a missing key of a map": (
        body({"A": parameter({"Fn::FindInMap": ["M", "a", "c"]})}, Mappings={"M": {"a": {"b": "c"}}}),
        "Template error: Unable to get mapping for M::a::c",
    ),
    "an unknown type": (
        body({"A": {"Type": "AWS::No::Such"}}),
        FORMAT + "Unrecognized resource types: [AWS::No::Such]. To leave such resources out, start moyai with "
        "--skip-resource-type TYPE.",
    ),
    "the type of a skipped resource": (
        body({"A": {"Type": "Skipped::AWS::No::Such"}}),
        FORMAT + "Unrecognized resource types: [Skipped::AWS::No::Such].",
    ),
    "a type without a service": (
        body({"A": {"Type": "No::Such"}}),
        FORMAT + "Unrecognized resource types: [No::Such].",
    ),
    "a resource without a type": (
        body({"A": {"Properties": {}}}),
        FORMAT + "[/Resources/A] Every Resources object must contain a Type member.",
    ),
    "a missing export": (
        body({"A": parameter({"Fn::ImportValue": "none"})}),
        "No export named none found.",
    ),
    "an attribute that a type does not have": (
        body({"A": GROUP, "B": parameter({"Fn::GetAtt": ["A", "Typo"]})}),
        "Template error: resource A does not support attribute type Typo in Fn::GetAtt",
    ),
}


@pytest.mark.parametrize("line", REFUSED)
def test_a_bad_request_is_refused_in_awss_words_and_leaves_no_stack(installation, cfn, line):
    members, message = REFUSED[line]
    code, text = refusal(cfn.create_stack, **{"StackName": NAME, **members})
    is_capability = message.startswith("Requires capabilities")
    assert code == ("InsufficientCapabilitiesException" if is_capability else "ValidationError")
    assert text.startswith(message) if message == FORMAT else text == message
    assert len(installation.store.world.stacks) == 0


KEPT = {**GROUP, "Properties": {"DeletionProtectionEnabled": True}}
TAKEN = parameter("a", DependsOn="A")
TAKEN["Properties"]["Name"] = "/aws/no"


def reasons(cfn, name: str, status: str) -> list[str]:
    """Why a resource or the stack came into a state, oldest first."""
    listed = cfn.describe_stack_events(StackName=name)["StackEvents"]
    return [e.get("ResourceStatusReason", "") for e in reversed(listed) if e["ResourceStatus"] == status]


def test_a_creation_that_fails_ends_rolled_back(installation, cfn):
    create(installation, cfn, body=body({"A": GROUP, "B": TAKEN})["TemplateBody"])
    assert stack(cfn)["StackStatus"] == "ROLLBACK_COMPLETE"
    [reason] = reasons(cfn, NAME, "CREATE_FAILED")
    assert reason.startswith('Resource handler returned message: "')
    assert "(Service: Ssm, Status Code: 400, Request ID: " in reason
    assert "HandlerErrorCode: " in reason
    expected = "The following resource(s) failed to create: [B]. Rollback requested by user."
    assert reasons(cfn, NAME, "ROLLBACK_IN_PROGRESS") == [expected]
    assert refusal(cfn.update_stack, StackName=NAME, **body({"A": GROUP})) == (
        "ValidationError",
        f"Stack:{stack(cfn)['StackId']} is in ROLLBACK_COMPLETE state and can not be updated.",
    )


def test_an_update_that_fails_ends_as_it_was(installation, cfn):
    create(installation, cfn, body=body({"A": GROUP})["TemplateBody"])
    group = physical_id(cfn, "A")
    cfn.update_stack(StackName=NAME, **body({"A": GROUP, "B": TAKEN}))
    finish(installation)
    assert stack(cfn)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert reasons(cfn, NAME, "UPDATE_ROLLBACK_IN_PROGRESS") == [
        "The following resource(s) failed to create: [B]. Rollback requested by user."
    ]
    assert physical_id(cfn, "A") == group


def test_a_deletion_that_fails_leaves_a_stack_that_can_be_deleted_again(installation, cfn):
    create(installation, cfn, body=body({"A": KEPT})["TemplateBody"])
    group = physical_id(cfn, "A")
    cfn.delete_stack(StackName=NAME)
    finish(installation)
    assert stack(cfn)["StackStatus"] == "DELETE_FAILED"
    of_resource, of_stack = reasons(cfn, NAME, "DELETE_FAILED")
    assert of_resource.startswith('Resource handler returned message: "')
    assert of_stack == "The following resource(s) failed to delete: [A]."
    logs = installation.client("logs")
    logs.put_log_group_deletion_protection(logGroupIdentifier=group, deletionProtectionEnabled=False)
    identifier = stack(cfn)["StackId"]
    cfn.delete_stack(StackName=NAME)
    finish(installation)
    assert stack(cfn, identifier)["StackStatus"] == "DELETE_COMPLETE"


def test_a_stack_whose_export_is_imported_is_not_deleted(installation, cfn):
    exporting = body({"A": GROUP}, Outputs={"O": {"Value": {"Ref": "A"}, "Export": {"Name": "logs"}}})
    create(installation, cfn, body=exporting["TemplateBody"])
    create(installation, cfn, "other", body({"B": parameter({"Fn::ImportValue": "logs"})})["TemplateBody"])
    assert refusal(cfn.delete_stack, StackName=NAME) == (
        "ValidationError",
        "Export logs cannot be deleted as it is in use by other",
    )
    assert stack(cfn)["StackStatus"] == "CREATE_COMPLETE"
    cfn.update_stack(StackName=NAME, **body({"A": GROUP}))
    finish(installation)
    assert stack(cfn)["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert reasons(cfn, NAME, "UPDATE_ROLLBACK_IN_PROGRESS") == [
        "Export logs cannot be deleted as it is in use by other"
    ]
