"""The resource types of AWS Lambda's versions, aliases, URLs and layers, and of AWS Step Functions.

Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/AWS_Lambda.html and AWS_StepFunctions.html there
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from moyai.domain.cloudformation.stack import PhysicalResource
from moyai.stacks.types.calls import Properties, Read, Stable
from moyai.stacks.types.names import ResourceContext
from moyai.stacks.types.procedure import Call, Procedure
from moyai.stacks.types.resource_type import StackResourceType
from moyai.stacks.types.rows.inputs import as_json, both, ids, prop
from moyai.stacks.types.tags import Tagging

_LAMBDA: Final = "lambda"
_NOT_FOUND: Final = frozenset({"ResourceNotFoundException"})
_DEFINITION: Final = frozenset({"Definition", "DefinitionString", "DefinitionSubstitutions"})
_PLACEHOLDER: Final = re.compile(r"\$\{([a-zA-Z0-9_]+)\}")
"""A placeholder in a definition, which DefinitionSubstitutions replaces."""
_MOST_VERSIONS: Final = 10_000
"""Number of a function's versions that are read."""
_LONGEST_NAME: Final = 80
_LONGEST_LAYER_NAME: Final = 140


def function_rows() -> Iterator[StackResourceType]:
    """Further rows of the service ``lambda``, and those of ``stepfunctions``."""
    yield _version()
    yield _alias()
    yield _url()
    yield _layer_version()
    yield _state_machine()


def _function_and_version(resource: PhysicalResource) -> Properties:
    """The members that name a version: its function, and the number at the end of its ARN."""
    return {"FunctionName": resource.properties["FunctionName"], "Qualifier": resource.id.rpartition(":")[2]}


class VersionType(StackResourceType, frozen=True):
    """A version of a function. PublishVersion returns the latest version when the function has not changed since it."""

    def _create(self, values: Mapping[str, Any], context: ResourceContext) -> Procedure[str]:
        """Publish the version. Raises ResourceFailed when the function already has it."""
        earlier_versions = frozenset[str]()
        if not context.is_repeated:
            earlier_versions = yield from _published_versions(self.service, str(values["FunctionName"]))
        version = yield from super()._create(values, context)
        if version in earlier_versions:
            raise self.already_exists(version, context)
        return version


def _published_versions(service: str, function: str) -> Procedure[frozenset[str]]:
    """The ARNs of the versions of a function."""
    versions: set[str] = set()
    query = {"FunctionName": function}
    while True:
        page = yield Call(service, "ListVersionsByFunction", query)
        versions |= {each["FunctionArn"] for each in page.get("Versions", ())}
        if not page.get("NextMarker") or len(versions) >= _MOST_VERSIONS:
            return frozenset(versions)
        query = {"FunctionName": function, "Marker": page["NextMarker"]}


def _version() -> StackResourceType:
    return VersionType(
        "AWS::Lambda::Version",
        _LAMBDA,
        "PublishVersion",
        "FunctionArn",
        "DeleteFunction",
        _function_and_version,
        read=Read("GetFunctionConfiguration", _function_and_version),
        derive=lambda resource: {"Version": resource.id.rpartition(":")[2], "FunctionArn": resource.id},
        missing=_NOT_FOUND,
    )


def _alias() -> StackResourceType:
    function_alias = both(prop("FunctionName", "FunctionName"), prop("Name", "Name"))
    return StackResourceType(
        "AWS::Lambda::Alias",
        _LAMBDA,
        "CreateAlias",
        "AliasArn",
        "DeleteAlias",
        function_alias,
        read=Read("GetAlias", function_alias),
        derive=lambda resource: {"AliasArn": resource.id},
        update="UpdateAlias",
        missing=_NOT_FOUND,
    )


def _url() -> StackResourceType:
    def function_of(resource: PhysicalResource) -> Properties:
        function = {"FunctionName": resource.properties["TargetFunctionArn"]}
        qualifier = resource.properties.get("Qualifier")
        return function if qualifier is None else {**function, "Qualifier": qualifier}

    return StackResourceType(
        "AWS::Lambda::Url",
        _LAMBDA,
        "CreateFunctionUrlConfig",
        "FunctionArn",
        "DeleteFunctionUrlConfig",
        function_of,
        rename={"TargetFunctionArn": "FunctionName"},
        read=Read("GetFunctionUrlConfig", function_of),
        update="UpdateFunctionUrlConfig",
        missing=_NOT_FOUND,
    )


def _layer_version() -> StackResourceType:
    def version_of(resource: PhysicalResource) -> Properties:
        name, _, number = resource.id.rpartition(":")
        return {"LayerName": name.rpartition(":")[2], "VersionNumber": number}

    return StackResourceType(
        "AWS::Lambda::LayerVersion",
        _LAMBDA,
        "PublishLayerVersion",
        "LayerVersionArn",
        "DeleteLayerVersion",
        version_of,
        name_property="LayerName",
        unique_within=None,
        longest_name=_LONGEST_LAYER_NAME,
        read=Read("GetLayerVersion", version_of),
        derive=lambda resource: {"LayerVersionArn": resource.id},
        missing=_NOT_FOUND,
    )


def _arrange_machine(values: dict[str, Any]) -> dict[str, Any]:
    """The input with the definition as a text, in which the substitutions are made."""
    arranged = {name: value for name, value in values.items() if name not in _DEFINITION}
    definition = values.get("DefinitionString", values.get("Definition"))
    if definition is None:
        return arranged
    substitutions = values.get("DefinitionSubstitutions") or {}
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in substitutions.items()}
    text = _PLACEHOLDER.sub(lambda match: texts.get(match[1], match[0]), as_json(definition))
    return {**arranged, "definition": text}


def _state_machine() -> StackResourceType:
    by_arn = ids("stateMachineArn")
    return StackResourceType(
        "AWS::StepFunctions::StateMachine",
        "stepfunctions",
        "CreateStateMachine",
        "stateMachineArn",
        "DeleteStateMachine",
        by_arn,
        name_property="StateMachineName",
        longest_name=_LONGEST_NAME,
        rename={"StateMachineName": "name", "StateMachineType": "type"},
        arrange=_arrange_machine,
        arranged=_DEFINITION,
        tagging=Tagging(
            members=lambda tags: {"tags": list(tags)},
            add="TagResource",
            remove="UntagResource",
            resource=ids("resourceArn"),
            add_input=lambda tags: {"tags": list(tags)},
            remove_input=lambda keys: {"tagKeys": list(keys)},
        ),
        read=Read("DescribeStateMachine", by_arn),
        stable=Stable("status", frozenset({"ACTIVE"})),
        derive=lambda resource: {"Arn": resource.id},
        update="UpdateStateMachine",
        update_by=by_arn,
        missing=frozenset({"StateMachineDoesNotExist"}),
    )
