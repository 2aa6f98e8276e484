"""Versions of launch templates: create, describe, delete.

Promise: the number of a deleted version is not used again. The default version can't be deleted.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplateVersion.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import MappingProxyType
from typing import Any, NamedTuple

from msgspec.structs import replace

from moyai.api.ec2.change import ChangeRequest, commit
from moyai.api.ec2.launch_templates import (
    DEFAULT,
    LATEST,
    checked_data,
    checked_token,
    number_of,
    template_of,
    version_of,
)
from moyai.api.ec2.select import DescribedKind, PagedRequest, flag, select
from moyai.api.idempotency import token_of
from moyai.api.operation import Context
from moyai.api.wire.accept import WholeStructure
from moyai.api.wire.scalars import write_iso
from moyai.domain.queries.vpc import all_in_scope
from moyai.domain.vpc.errors import (
    IdempotentParameterMismatch,
    InvalidParameterValue,
    LaunchTemplateVersionNotFound,
    MissingParameter,
)
from moyai.domain.vpc.launch_template import LaunchTemplate, LaunchTemplateVersion
from moyai.domain.vpc.not_found import LaunchTemplateNotFound
from moyai.domain.vpc.quotas import LAUNCH_TEMPLATE_VERSIONS, LaunchTemplateVersionLimitExceeded
from moyai.domain.world import Put

_MOST_NAMED = 200
_HIGHEST = 10**10 - 1
"""A number above that of any version. Versions are listed by their difference from it, so that the newest is first."""


class CreateLaunchTemplateVersionRequest(ChangeRequest, frozen=True):
    """A new version. ``source_version``: the version with the data for members that the new data does not have."""

    launch_template_data: WholeStructure
    launch_template_id: str | None = None
    launch_template_name: str | None = None
    source_version: str | None = None
    version_description: str | None = None
    client_token: str | None = None


class DescribeLaunchTemplateVersionsRequest(PagedRequest, frozen=True):
    """The versions to describe: those of one template, or without one the latest or default versions of all."""

    launch_template_id: str | None = None
    launch_template_name: str | None = None
    versions: tuple[str, ...] = ()
    min_version: str | None = None
    max_version: str | None = None
    include_managed_resources: bool = False


class DeleteLaunchTemplateVersionsRequest(ChangeRequest, frozen=True):
    """The versions to delete, by their numbers."""

    versions: tuple[str, ...]
    launch_template_id: str | None = None
    launch_template_name: str | None = None


class _VersionOfTemplate(NamedTuple):
    """A version with its template."""

    template: LaunchTemplate
    version: LaunchTemplateVersion


def create_launch_template_version(ctx: Context, request: CreateLaunchTemplateVersionRequest) -> dict[str, object]:
    """Add a version to a template. The default version stays the same."""
    template = template_of(ctx, request.launch_template_id, request.launch_template_name)
    token = checked_token(request.client_token, request)
    for version in template.versions:
        if token is not None and token_of(token) == token_of(version.client_token):
            if token != version.client_token:
                raise IdempotentParameterMismatch("The client token was used with other parameters before.")
            return {"launch_template_version": _view(_VersionOfTemplate(template, version))}
    if len(template.versions) >= LAUNCH_TEMPLATE_VERSIONS:
        raise LaunchTemplateVersionLimitExceeded(LAUNCH_TEMPLATE_VERSIONS)
    source = {} if request.source_version is None else version_of(template, request.source_version).data
    data = checked_data({**source, **request.launch_template_data})
    number = template.latest + 1
    new_version = LaunchTemplateVersion(number, ctx.now, ctx.principal, data, request.version_description, token)
    template = replace(template, versions=(*template.versions, new_version), latest=number)
    commit(ctx, request, Put(template))
    return {"launch_template_version": _view(_VersionOfTemplate(template, new_version))}


def describe_launch_template_versions(
    ctx: Context, request: DescribeLaunchTemplateVersionsRequest
) -> dict[str, object]:
    """The versions of a template, by default all, newest first."""
    page = select(_KIND, _requested_versions(ctx, request), (), request)
    return {"launch_template_versions": [_view(item) for item in page.items], "next_token": page.next_token}


def delete_launch_template_versions(ctx: Context, request: DeleteLaunchTemplateVersionsRequest) -> dict[str, object]:
    """Delete versions, except the default one. Those that can't be deleted are in the answer, with the reason."""
    template = template_of(ctx, request.launch_template_id, request.launch_template_name)
    _check_count(request.versions)
    deletions, failures = [], []
    for number in dict.fromkeys(_checked_number(version) for version in request.versions):
        member = {
            "launch_template_id": template.id,
            "launch_template_name": template.name,
            "version_number": number,
        }
        error = _deletion_error(template, number)
        if error is None:
            deletions.append(member)
        else:
            failures.append({**member, "response_error": error})
    numbers = {member["version_number"] for member in deletions}
    remaining = tuple(version for version in template.versions if version.number not in numbers)
    commit(ctx, request, Put(replace(template, versions=remaining)))
    return {
        "successfully_deleted_launch_template_versions": deletions,
        "unsuccessfully_deleted_launch_template_versions": failures,
    }


def _checked_number(version: str) -> int:
    """The number of a version to delete. Raises InvalidParameterValue for a text that is no number."""
    number = number_of(version)
    if number is None:
        raise InvalidParameterValue(f"Versions are deleted by their numbers, and '{version[:60]}' is not a number.")
    return number


def _deletion_error(template: LaunchTemplate, number: int) -> dict[str, str] | None:
    """Why a version can't be deleted, as a ResponseError; None when it can."""
    if number == template.default:
        return {"code": "unexpectedError", "message": "The default version of a launch template cannot be deleted."}
    try:
        version_of(template, str(number))
    except LaunchTemplateVersionNotFound as fault:
        return {"code": "launchTemplateVersionDoesNotExist", "message": str(fault)}
    return None


def _check_count(versions: tuple[str, ...]) -> None:
    """Raise InvalidParameterValue for more versions than one request may name."""
    if len(versions) > _MOST_NAMED:
        raise InvalidParameterValue(f"A request names at most {_MOST_NAMED} versions of a launch template.")


def _requested_versions(ctx: Context, request: DescribeLaunchTemplateVersionsRequest) -> Iterator[_VersionOfTemplate]:
    _check_count(request.versions)
    if not request.launch_template_id and not request.launch_template_name:
        if not request.versions or not {LATEST, DEFAULT}.issuperset(request.versions):
            raise MissingParameter(
                "Without a launch template ID or name, the request must contain the versions $Latest, $Default or both."
            )
        for template in all_in_scope(ctx.store.world, LaunchTemplate, ctx.scope):
            yield from _named_versions(template, request.versions)
        return
    template = template_of(ctx, request.launch_template_id, request.launch_template_name)
    lowest = 0 if request.min_version is None else version_of(template, request.min_version).number
    highest = template.latest if request.max_version is None else version_of(template, request.max_version).number
    names = request.versions or tuple(str(version.number) for version in reversed(template.versions))
    yield from (each for each in _named_versions(template, names) if lowest <= each.version.number <= highest)


def _named_versions(template: LaunchTemplate, names: tuple[str, ...]) -> Iterator[_VersionOfTemplate]:
    versions = {version.number: version for version in (version_of(template, name) for name in names)}
    yield from (_VersionOfTemplate(template, version) for version in versions.values())


def _view(described: _VersionOfTemplate) -> dict[str, object]:
    template, version = described
    return {
        "launch_template_id": template.id,
        "launch_template_name": template.name,
        "version_number": version.number,
        "version_description": version.description,
        "create_time": version.created_at,
        "created_by": version.created_by,
        "default_version": version.number == template.default,
        "launch_template_data": version.data,
    }


def _data(*path: str) -> Callable[[_VersionOfTemplate], Iterable[str]]:
    """A function that returns the values at a path in a version's data, for each element of the lists on the path."""

    def values(described: _VersionOfTemplate) -> Iterable[str]:
        places: list[Any] = [described.version.data]
        for member in path:
            inner = [place[member] for place in places if member in place]
            places = [item for each in inner for item in (each if isinstance(each, list | tuple) else (each,))]
        return [str(place) for place in places]

    return values


_KIND = DescribedKind[_VersionOfTemplate](
    "versions of launch templates",
    lambda each: f"{each.template.id}/{_HIGHEST - each.version.number:010}",
    MappingProxyType(
        {
            "is-default-version": lambda v: flag(v.version.number == v.template.default),
            "create-time": lambda v: (write_iso(v.version.created_at),),
            "ebs-optimized": lambda v: flag(bool(v.version.data.get("ebs_optimized"))),
            "host-resource-group-arn": _data("placement", "host_resource_group_arn"),
            "http-endpoint": _data("metadata_options", "http_endpoint"),
            "http-tokens": _data("metadata_options", "http_tokens"),
            "iam-instance-profile": _data("iam_instance_profile", "arn"),
            "image-id": _data("image_id"),
            "instance-type": _data("instance_type"),
            "kernel-id": _data("kernel_id"),
            "license-configuration-arn": _data("license_specifications", "license_configuration_arn"),
            "network-card-index": _data("network_interfaces", "network_card_index"),
            "ram-disk-id": _data("ram_disk_id"),
        }
    ),
    LaunchTemplateNotFound,
)
