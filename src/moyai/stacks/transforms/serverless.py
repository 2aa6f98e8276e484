"""The transform AWS::Serverless, for applications only: they become nested stacks, as on AWS.

Refuses: the transform's other types, unless they are skipped, and applications of the AWS Serverless Application
Repository.
Source: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-resource-application.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.stacks.template.model import NESTED_STACK
from moyai.stacks.template.text import Json

SERVERLESS: Final = "AWS::Serverless-2016-10-31"
_PREFIX: Final = "AWS::Serverless::"
APPLICATION: Final = "AWS::Serverless::Application"
_GLOBALS: Final = "Globals"
"""The section with properties for functions, APIs and the like. It does not apply to applications."""
_MEMBERS: Final = frozenset({"Location", "NotificationARNs", "Parameters", "Tags", "TimeoutInMinutes"})


def nest_applications(document: Mapping[str, Json]) -> dict[str, Json]:
    """The document with nested stacks in place of applications. Raises TemplateFault."""
    resources = document.get("Resources")
    if not isinstance(resources, dict):
        return dict(document)
    kinds = {str(each.get("Type")) for each in resources.values() if isinstance(each, dict)}
    others = sorted(kind for kind in kinds if kind.startswith(_PREFIX) and kind != APPLICATION)
    if others:
        raise _fault(f"moyai has no {', '.join(others)}")
    members = {name: section for name, section in document.items() if name != _GLOBALS}
    return {**members, "Resources": {name: _resource(name, each) for name, each in resources.items()}}


def _resource(name: str, resource: Json) -> Json:
    if not isinstance(resource, dict) or resource.get("Type") != APPLICATION:
        return resource
    properties = resource.get("Properties", {})
    members = properties if isinstance(properties, dict) else {}
    unknown = sorted(members.keys() - _MEMBERS)
    if unknown:
        raise _fault(f"Resource with id [{name}] is invalid. {APPLICATION} has no property {unknown[0]}")
    location = members.get("Location")
    if not isinstance(location, str):
        raise _fault(f"Resource with id [{name}] is invalid. Its Location must be the URL of a template in S3")
    others = {member: value for member, value in members.items() if member not in {"Location", "Tags"}}
    nested: dict[str, Json] = {"TemplateURL": location, **others, "Tags": _tags(name, members.get("Tags", {}))}
    return {**resource, "Type": NESTED_STACK, "Properties": nested}


def _tags(name: str, tags: Json) -> list[Json]:
    """The tags of an application, a map, in the form of a stack's tags, with the tag that the transform adds."""
    if not isinstance(tags, dict) or any(key == "Ref" or key.startswith("Fn::") for key in tags):
        raise _fault(f"Resource with id [{name}] is invalid. Its Tags must be a map, without functions around it")
    return [{"Key": key, "Value": value} for key, value in {**tags, "lambda:createdBy": "SAM"}.items()]


def _fault(reason: str) -> TemplateFault:
    return TemplateFault(f"Transform {SERVERLESS} failed with: Invalid Serverless Application Specification: {reason}.")
