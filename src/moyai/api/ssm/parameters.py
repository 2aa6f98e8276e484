"""Parameters: put, get, delete.

Promise: every value is stored as ``Secret``, and putting a new one adds a version.
Source: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
"""

from __future__ import annotations

import msgspec
import regex
from msgspec.structs import replace

from moyai.api.operation import Context
from moyai.api.ssm import lookup
from moyai.api.ssm.lookup import TAG_RULES
from moyai.api.tagging import Tag, checked_tags
from moyai.domain.keys import scope_key
from moyai.domain.ssm.errors import (
    HierarchyLevelLimitExceeded,
    HierarchyTypeMismatch,
    InvalidAllowedPattern,
    ParameterAlreadyExists,
    ParameterLimitExceeded,
    ParameterMaxVersionLimitExceeded,
    ParameterNotFound,
    ParameterPatternMismatch,
    ParameterVersionNotFound,
)
from moyai.domain.ssm.parameter import (
    KEPT_VERSIONS,
    LONGEST_NAME,
    LONGEST_VALUE,
    MAX_LEVELS,
    NAME,
    Parameter,
    ParameterType,
    ParameterVersion,
    Tier,
    is_reserved,
    parameter_arn,
)
from moyai.domain.world import Delete, Put
from moyai.kernel.errors import InvalidInput
from moyai.kernel.patterns import matches_whole
from moyai.kernel.secret import Secret

MAX_PARAMETERS = 10_000
_DEFAULT_KEY = "alias/aws/ssm"
_PATTERN_SECONDS = 0.1
"""How long the match of a value may take."""
_INTELLIGENT = "Intelligent-Tiering"


class PutParameterRequest(msgspec.Struct, frozen=True):
    name: str
    value: str
    type: ParameterType | None = None
    description: str | None = None
    key_id: str | None = None
    overwrite: bool = False
    tags: tuple[Tag, ...] = ()
    tier: str | None = None
    data_type: str | None = None
    allowed_pattern: str | None = None


class GetParameterRequest(msgspec.Struct, frozen=True):
    name: str
    with_decryption: bool = False


class GetParametersRequest(msgspec.Struct, frozen=True):
    names: tuple[str, ...]
    with_decryption: bool = False


class DeleteParameterRequest(msgspec.Struct, frozen=True):
    name: str


class DeleteParametersRequest(msgspec.Struct, frozen=True):
    names: tuple[str, ...]


def put_parameter(ctx: Context, request: PutParameterRequest) -> dict[str, object]:
    """Create a parameter, or add a version to one."""
    _check_name(request.name)
    parameter = ctx.store.world.parameters.get(parameter_arn(ctx.scope, request.name))
    new_parameter = _new_parameter(ctx, request) if parameter is None else _overwritten(ctx, request, parameter)
    size = len(request.value.encode("utf-8", "replace"))
    if not size:
        raise InvalidInput("The parameter value can't be empty.")
    if size > LONGEST_VALUE[new_parameter.tier]:
        raise InvalidInput(
            f"{new_parameter.tier} tier parameters support a maximum parameter value of "
            f"{LONGEST_VALUE[new_parameter.tier]} characters."
        )
    ctx.store.apply([Put(new_parameter)])
    return {"version": new_parameter.newest.number, "tier": new_parameter.tier}


def get_parameter(ctx: Context, request: GetParameterRequest) -> dict[str, object]:
    """The value of a parameter."""
    parameter, version, identifier = lookup.find(ctx, request.name)
    view = lookup.parameter_view(parameter, version, identifier.selector, with_decryption=request.with_decryption)
    return {"parameter": view}


def get_parameters(ctx: Context, request: GetParametersRequest) -> dict[str, object]:
    """The values of parameters, and the names that do not exist."""
    views, invalid = [], []
    for name in dict.fromkeys(request.names):
        try:
            parameter, version, identifier = lookup.find(ctx, name)
        except (InvalidInput, ParameterNotFound, ParameterVersionNotFound):
            invalid.append(name)
            continue
        views.append(
            lookup.parameter_view(parameter, version, identifier.selector, with_decryption=request.with_decryption)
        )
    return {"parameters": views, "invalid_parameters": invalid}


def delete_parameter(ctx: Context, request: DeleteParameterRequest) -> None:
    """Delete a parameter with all its versions."""
    ctx.store.apply([Delete(Parameter, lookup.parameter_named(ctx, request.name).key)])


def delete_parameters(ctx: Context, request: DeleteParametersRequest) -> dict[str, object]:
    """Delete parameters; the response has the names that did not exist."""
    deleted_names, invalid_names = [], []
    for name in dict.fromkeys(request.names):
        try:
            key = lookup.parameter_named(ctx, name).key
        except (InvalidInput, ParameterNotFound, ParameterVersionNotFound):
            invalid_names.append(name)
            continue
        ctx.store.apply([Delete(Parameter, key)])
        deleted_names.append(name)
    return {"deleted_parameters": deleted_names, "invalid_parameters": invalid_names}


def _new_parameter(ctx: Context, request: PutParameterRequest) -> Parameter:
    if request.type is None:
        raise InvalidInput("A parameter type is required when you create a parameter.")
    if ctx.store.world.parameters.count("scope", scope_key(ctx.scope)) >= MAX_PARAMETERS:
        raise ParameterLimitExceeded(f"There can be {MAX_PARAMETERS} parameters in an account and region.")
    return Parameter(
        arn=parameter_arn(ctx.scope, request.name),
        name=request.name,
        type=request.type,
        versions=(_version(ctx, request, 1, None),),
        tier=_tier(request, None),
        description=request.description,
        key_id=_key(request, request.type, None),
        data_type=_data_type(request),
        tags=checked_tags(TAG_RULES, request.tags),
    )


def _overwritten(ctx: Context, request: PutParameterRequest, existing: Parameter) -> Parameter:
    if not request.overwrite or existing.name != request.name:
        raise ParameterAlreadyExists(
            "The parameter already exists. To overwrite this value, set the overwrite option in the request to true."
        )
    if request.tags:
        raise InvalidInput(
            "tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. "
            "To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource."
        )
    if request.type not in {None, existing.type}:
        raise HierarchyTypeMismatch(
            f"The parameter {existing.name} is of type {existing.type} and can't become {request.type}. Make a new one."
        )
    oldest = existing.versions[0]
    if len(existing.versions) >= KEPT_VERSIONS and oldest.labels:
        raise ParameterMaxVersionLimitExceeded(
            f"You attempted to create a new version of {existing.name}, but version {oldest.number}, the oldest, can't"
            " be deleted because it has a label associated with it. Move the label to another version and try again."
        )
    newer = _version(ctx, request, existing.newest.number + 1, existing.newest.allowed_pattern)
    return replace(
        existing,
        versions=(*existing.versions, newer)[-KEPT_VERSIONS:],
        tier=_tier(request, existing.tier),
        description=existing.description if request.description is None else request.description,
        key_id=_key(request, existing.type, existing.key_id),
        data_type=_data_type(request),
    )


def _version(ctx: Context, request: PutParameterRequest, number: int, former_pattern: str | None) -> ParameterVersion:
    pattern = request.allowed_pattern or former_pattern
    if pattern is not None:
        _check_pattern(pattern, request.value)
    return ParameterVersion(number, Secret(request.value), ctx.now, ctx.principal, allowed_pattern=pattern)


def _check_pattern(pattern: str, value: str) -> None:
    """Raise the error of a value that does not match, or of a pattern that can't be matched."""
    try:
        is_match = matches_whole(pattern, value, _PATTERN_SECONDS)
    except (regex.error, RecursionError, TimeoutError) as error:
        raise InvalidAllowedPattern(
            "The request does not meet the regular expression requirement: the allowedPattern is not valid, or takes "
            "too long."
        ) from error
    if not is_match:
        raise ParameterPatternMismatch(f"Parameter value, cannot be validated against allowedPattern: {pattern}")


def _check_name(name: str) -> None:
    if "/" in name.removeprefix("/") and not name.startswith("/"):
        raise InvalidInput("Parameter name must be a fully qualified name.")
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME or is_reserved(name):
        raise InvalidInput(lookup.NAME_RULE)
    if len(_levels(name)) > MAX_LEVELS:
        raise HierarchyLevelLimitExceeded(f"A hierarchy can have a maximum of {MAX_LEVELS} levels.")


def _levels(name: str) -> list[str]:
    return name.removeprefix("/").split("/")


def _tier(request: PutParameterRequest, existing_tier: Tier | None) -> Tier:
    """The requested tier. An advanced parameter stays advanced."""
    if request.tier == _INTELLIGENT:
        long = len(request.value.encode("utf-8", "replace")) > LONGEST_VALUE[Tier.STANDARD]
        least_tier = Tier.ADVANCED if long else Tier.STANDARD
    else:
        least_tier = Tier(request.tier or Tier.STANDARD)
    return Tier.ADVANCED if existing_tier is Tier.ADVANCED else least_tier


def _key(request: PutParameterRequest, kind: ParameterType, existing_key: str | None) -> str | None:
    if kind is not ParameterType.SECURE_STRING:
        if request.key_id is not None:
            raise InvalidInput("KeyId is required for SecureString type parameter only.")
        return None
    return request.key_id or existing_key or _DEFAULT_KEY


def _data_type(request: PutParameterRequest) -> str:
    if request.data_type not in {None, "text"}:
        raise InvalidInput(f"DataType {request.data_type} is not supported by moyai: values are text.")
    return "text"
