"""The versions of a parameter, and their labels.

Promise: a label is at one version of a parameter. A version that has a label is never dropped for a newer one.
Sources: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameterHistory.html,
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_LabelParameterVersion.html
"""

from __future__ import annotations

import re

import msgspec
from msgspec.structs import replace

from moyai.api.operation import Context, PageRequest
from moyai.api.ssm import lookup
from moyai.domain.paging import page
from moyai.domain.ssm.errors import InvalidNextToken, ParameterVersionLabelLimitExceeded, ParameterVersionNotFound
from moyai.domain.ssm.parameter import Parameter, ParameterVersion
from moyai.domain.world import Put

_LABEL = re.compile(r"(?!aws|ssm)[A-Za-z_.-][A-Za-z0-9_.-]{0,99}", re.IGNORECASE)
_MOST_LABELS = 10
_PAGE = 50


class GetParameterHistoryRequest(PageRequest, frozen=True):
    name: str
    with_decryption: bool = False


class LabelParameterVersionRequest(msgspec.Struct, frozen=True):
    name: str
    labels: tuple[str, ...]
    parameter_version: int | None = None


class UnlabelParameterVersionRequest(msgspec.Struct, frozen=True):
    name: str
    parameter_version: int
    labels: tuple[str, ...]


def get_parameter_history(ctx: Context, request: GetParameterHistoryRequest) -> dict[str, object]:
    """The versions that a parameter still has, oldest first."""
    parameter = lookup.parameter_named(ctx, request.name)
    versions = {str(version.number): version for version in parameter.versions}
    listing = ("GetParameterHistory", parameter.arn)
    size = request.max_results or _PAGE
    page_of_keys = page(versions, listing, request.next_token, size, int, fault=InvalidNextToken)
    views = [_view(parameter, versions[key], with_decryption=request.with_decryption) for key in page_of_keys.keys]
    return {"parameters": views, "next_token": page_of_keys.next_token}


def label_parameter_version(ctx: Context, request: LabelParameterVersionRequest) -> dict[str, object]:
    """Move labels to a version, by default the newest; the response lists the invalid ones."""
    parameter = lookup.parameter_named(ctx, request.name)
    target = _version(parameter, request.parameter_version)
    labels = tuple(dict.fromkeys(label for label in request.labels if _LABEL.fullmatch(label)))
    invalid = [label for label in dict.fromkeys(request.labels) if label not in labels]
    new_labels = tuple(dict.fromkeys((*target.labels, *labels)))
    if len(new_labels) > _MOST_LABELS:
        raise ParameterVersionLabelLimitExceeded(f"A parameter version can have maximum {_MOST_LABELS} labels.")
    if labels:
        others = (replace(v, labels=tuple(x for x in v.labels if x not in labels)) for v in parameter.versions)
        versions = tuple(replace(v, labels=new_labels) if v.number == target.number else v for v in others)
        ctx.store.apply([Put(replace(parameter, versions=versions))])
    return {"invalid_labels": invalid, "parameter_version": target.number}


def unlabel_parameter_version(ctx: Context, request: UnlabelParameterVersionRequest) -> dict[str, object]:
    """Remove labels of a version; the response lists those that it had, and those that it did not have."""
    parameter = lookup.parameter_named(ctx, request.name)
    target = _version(parameter, request.parameter_version)
    labels = tuple(dict.fromkeys(request.labels))
    remaining = tuple(label for label in target.labels if label not in labels)
    if remaining != target.labels:
        versions = tuple(replace(v, labels=remaining) if v == target else v for v in parameter.versions)
        ctx.store.apply([Put(replace(parameter, versions=versions))])
    return {
        "removed_labels": [label for label in labels if label in target.labels],
        "invalid_labels": [label for label in labels if label not in target.labels],
    }


def _version(parameter: Parameter, number: int | None) -> ParameterVersion:
    """The version with this number; None = the newest. Raises ParameterVersionNotFound."""
    version = parameter.version("" if number is None else str(number))
    if version is None:
        raise ParameterVersionNotFound(
            f"Systems Manager could not find version {number} of {parameter.name}. Verify the version and try again."
        )
    return version


def _view(parameter: Parameter, version: ParameterVersion, *, with_decryption: bool) -> dict[str, object]:
    view = lookup.parameter_view(parameter, version, "", with_decryption=with_decryption)
    return {
        "name": parameter.name,
        "type": parameter.type,
        "key_id": parameter.key_id,
        "last_modified_date": version.modified_at,
        "last_modified_user": version.modified_by,
        "description": parameter.description,
        "value": view["value"],
        "allowed_pattern": version.allowed_pattern,
        "version": version.number,
        "labels": version.labels,
        "tier": parameter.tier,
        "policies": [],
        "data_type": parameter.data_type,
    }
