"""Finds the parameters that a request names, and shows them.

Promise: a SecureString is only shown decrypted on request; otherwise its value is an unrelated text.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Final

from moyai.api.operation import Context
from moyai.api.tagging import TagOperations
from moyai.domain.ssm.errors import (
    InvalidResourceId,
    InvalidResourceType,
    ParameterNotFound,
    ParameterVersionNotFound,
    TooManyTags,
)
from moyai.domain.ssm.parameter import (
    Parameter,
    ParameterReference,
    ParameterType,
    ParameterVersion,
    parse_parameter_reference,
)
from moyai.domain.ssm.public import public_parameter
from moyai.domain.tagging import TagRules
from moyai.kernel.arn import arn
from moyai.kernel.errors import InvalidInput
from moyai.kernel.scope import Scope

NAME_RULE = (
    'Parameter name: can\'t be prefixed with "aws" or "ssm" (case-insensitive). If formed as a path, it can consist of '
    "sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 "
    "symbols .-_"
)


def find(ctx: Context, name: str) -> tuple[Parameter, ParameterVersion, ParameterReference]:
    """The parameter and version that a name or ARN identifies. Raises InvalidInput, ParameterNotFound,
    ParameterVersionNotFound.
    """
    reference = parse_parameter_reference(ctx.scope, name)
    if reference is None:
        raise InvalidInput(NAME_RULE)
    parameter = _own(ctx, reference) or public_parameter(ctx.scope.region, name)
    if parameter is None:
        raise ParameterNotFound(f"Parameter {name} not found.")
    version = parameter.version(reference.selector)
    if version is None:
        raise ParameterVersionNotFound(
            f"Systems Manager could not find version {reference.selector} of {parameter.name}. Verify the version and"
            " try again."
        )
    return parameter, version, reference


def parameter_named(ctx: Context, name: str) -> Parameter:
    """The caller's own parameter with this name, without a version or label. Raises ParameterNotFound."""
    parameter, _, reference = find(ctx, name)
    if reference.selector or parameter.key not in ctx.store.world.parameters:
        raise ParameterNotFound(f"Parameter {name} not found.")
    return parameter


def _own(ctx: Context, reference: ParameterReference) -> Parameter | None:
    parameter = ctx.store.world.parameters.get(reference.arn)
    if parameter is None or reference.name not in {None, parameter.name} or not _is_ours(reference, ctx.scope):
        return None
    return parameter


def parameter_view(
    parameter: Parameter, version: ParameterVersion, selector: str, *, with_decryption: bool
) -> dict[str, object]:
    """A parameter with its value."""
    is_hidden = parameter.type is ParameterType.SECURE_STRING and not with_decryption
    return {
        "name": parameter.name,
        "type": parameter.type,
        "value": _cipher(parameter, version) if is_hidden else version.value.reveal(),
        "version": version.number,
        "selector": f":{selector}" if selector else None,
        "last_modified_date": version.modified_at,
        "arn": parameter.arn,
        "data_type": parameter.data_type,
    }


def _is_ours(reference: ParameterReference, scope: Scope) -> bool:
    """Whether an ARN belongs to the caller's account and region; no other one exists for the caller."""
    return reference.name is not None or reference.arn.startswith(arn("ssm", scope, ""))


def _cipher(parameter: Parameter, version: ParameterVersion) -> str:
    return b64encode(sha256(f"{parameter.arn}:{version.number}".encode()).digest()).decode()


def _tagged_parameter(ctx: Context, resource_type: str, name: str) -> Parameter:
    if resource_type != "Parameter":
        raise InvalidResourceType(f"Resources of type {resource_type} do not exist here; use Parameter.")
    try:
        return parameter_named(ctx, name)
    except (InvalidInput, ParameterNotFound, ParameterVersionNotFound) as error:
        raise InvalidResourceId(f"There is no parameter {name}.") from error


TAG_RULES: Final = TagRules("parameter", InvalidInput, TooManyTags)
TAGS: Final = TagOperations(
    _tagged_parameter,
    TAG_RULES,
    names=("AddTagsToResource", "RemoveTagsFromResource", "ListTagsForResource"),
    resource=("resource_type", "resource_id"),
    listed="tag_list",
)
