"""Launch templates: create, describe, change the default version, delete. They are only recorded.

Promise: LaunchTemplateData is returned as it was sent. Auto Scaling groups of the delegate find the templates.
Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplate.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from moyai.api.ec2.change import ChangeRequest, TagSpecification, commit, new_id, new_tags
from moyai.api.ec2.select import DescribedKind, PagedRequest, select
from moyai.api.idempotency import fingerprint, token_of
from moyai.api.operation import Context
from moyai.api.tagging import tag_list
from moyai.api.wire.accept import WholeStructure
from moyai.api.wire.scalars import write_iso
from moyai.domain.queries.vpc import all_in_scope, find_in_scope
from moyai.domain.vpc.errors import (
    IdempotentParameterMismatch,
    InvalidParameterCombination,
    InvalidParameterValue,
    LaunchTemplateIdMalformed,
    LaunchTemplateNameMalformed,
    LaunchTemplateNameNotFound,
    LaunchTemplateNameTaken,
    LaunchTemplateVersionNotFound,
    MissingParameter,
)
from moyai.domain.vpc.launch_template import LaunchTemplate, LaunchTemplateVersion
from moyai.domain.vpc.not_found import LaunchTemplateNotFound
from moyai.domain.vpc.quotas import LAUNCH_TEMPLATES, LaunchTemplateLimitExceeded
from moyai.domain.world import Delete, Put
from moyai.kernel.ids import LaunchTemplateId

_LONGEST_DATA: Final = 32 * 1024
"""Bytes that a version's data may have as JSON. AWS limits only the user data in it."""
_LONGEST_USER_DATA: Final = 21_848
"""Characters that the user data may have: 16 KiB in base64."""
_LONGEST_NUMBER: Final = 10
"""Digits from which on a text is no number of a version."""
_LONGEST_TOKEN: Final = 128
LATEST: Final = "$Latest"
DEFAULT: Final = "$Default"
_NAME: Final = re.compile(r"[a-zA-Z0-9().\-/_]{3,128}")
_ID: Final = re.compile(r"lt-([0-9a-f]{8}|[0-9a-f]{17})")


class CreateLaunchTemplateRequest(ChangeRequest, frozen=True):
    launch_template_name: str
    launch_template_data: WholeStructure
    version_description: str | None = None
    client_token: str | None = None
    tag_specifications: tuple[TagSpecification, ...] = ()


class DescribeLaunchTemplatesRequest(PagedRequest, frozen=True):
    """The templates to describe. None is managed by a service of AWS, so ``include_managed_resources`` adds none."""

    launch_template_ids: tuple[str, ...] = ()
    launch_template_names: tuple[str, ...] = ()
    include_managed_resources: bool = False


class ModifyLaunchTemplateRequest(ChangeRequest, frozen=True):
    """The template, and the number of its default version."""

    launch_template_id: str | None = None
    launch_template_name: str | None = None
    default_version: str | None = None
    client_token: str | None = None
    """Without effect, because a repeated request has the same effect anyway."""


class DeleteLaunchTemplateRequest(ChangeRequest, frozen=True):
    """The template to delete, with all of its versions."""

    launch_template_id: str | None = None
    launch_template_name: str | None = None


def create_launch_template(ctx: Context, request: CreateLaunchTemplateRequest) -> dict[str, object]:
    """Create a template with its first version."""
    if not _NAME.fullmatch(request.launch_template_name):
        raise LaunchTemplateNameMalformed(
            "A launch template name must be between 3 and 128 characters, and may contain letters, numbers, and the "
            "following characters: - ( ) . / _"
        )
    tags = new_tags(request.tag_specifications, "launch-template")
    token = checked_token(request.client_token, request)
    templates = all_in_scope(ctx.store.world, LaunchTemplate, ctx.scope)
    existing = _find_by_name(templates, request.launch_template_name)
    if existing is not None:
        return {"launch_template": view(_checked_earlier(existing, token))}
    if len(templates) >= LAUNCH_TEMPLATES:
        raise LaunchTemplateLimitExceeded(LAUNCH_TEMPLATES)
    data = checked_data(request.launch_template_data)
    template = LaunchTemplate(
        LaunchTemplateId(new_id(ctx, "lt")),
        ctx.scope,
        request.launch_template_name,
        ctx.now,
        ctx.principal,
        (LaunchTemplateVersion(1, ctx.now, ctx.principal, data, request.version_description),),
        tags=tags,
        client_token=token,
    )
    commit(ctx, request, Put(template))
    return {"launch_template": view(template)}


def describe_launch_templates(ctx: Context, request: DescribeLaunchTemplatesRequest) -> dict[str, object]:
    """The templates of the scope."""
    _check_ids(request.launch_template_ids)
    templates = all_in_scope(ctx.store.world, LaunchTemplate, ctx.scope)
    if request.launch_template_names:
        by_name = {template.name: template for template in templates}
        if not by_name.keys() >= set(request.launch_template_names):
            raise LaunchTemplateNameNotFound(
                "At least one of the launch templates specified in the request does not exist."
            )
        templates = [by_name[name] for name in dict.fromkeys(request.launch_template_names)]
    page = select(_KIND, templates, request.launch_template_ids, request)
    return {"launch_templates": [view(item) for item in page.items], "next_token": page.next_token}


def modify_launch_template(ctx: Context, request: ModifyLaunchTemplateRequest) -> dict[str, object]:
    """Make another version the default one."""
    template = template_of(ctx, request.launch_template_id, request.launch_template_name)
    if request.default_version is not None:
        template = replace(template, default=version_of(template, request.default_version).number)
    commit(ctx, request, Put(template))
    return {"launch_template": view(template)}


def delete_launch_template(ctx: Context, request: DeleteLaunchTemplateRequest) -> dict[str, object]:
    """Delete a template with its versions."""
    template = template_of(ctx, request.launch_template_id, request.launch_template_name)
    commit(ctx, request, Delete(LaunchTemplate, template.id))
    return {"launch_template": view(template)}


def template_of(ctx: Context, identity: str | None, name: str | None) -> LaunchTemplate:
    """The template with this id or this name; a request has one of the two. Raises EC2's errors."""
    if identity and name:
        raise InvalidParameterCombination(
            "Either a launch template ID or a launch template name must be specified in the request, but not both."
        )
    if identity:
        _check_ids([identity])
        template = find_in_scope(ctx.store.world, LaunchTemplate, ctx.scope, identity)
        if template is None:
            raise LaunchTemplateNotFound([identity])
        return template
    if not name:
        raise MissingParameter(
            "Either a launch template ID or a launch template name must be specified in the request."
        )
    template = _find_by_name(all_in_scope(ctx.store.world, LaunchTemplate, ctx.scope), name)
    if template is None:
        raise LaunchTemplateNameNotFound(f"The specified launch template, with template name {name}, does not exist.")
    return template


def version_of(template: LaunchTemplate, version: str) -> LaunchTemplateVersion:
    """The version with this number, or that of ``$Latest`` or ``$Default``. Raises LaunchTemplateVersionNotFound."""
    numbers = {LATEST: template.versions[-1].number, DEFAULT: template.default}
    number = numbers.get(version, number_of(version) or 0)
    launch_template_version = template.version(number)
    if launch_template_version is None:
        raise LaunchTemplateVersionNotFound(
            f"Could not find the specified version {version[:60]} for the launch template with ID {template.id}."
        )
    return launch_template_version


def number_of(version: str) -> int | None:
    """The number of a version in a request; None for a text that is no such number."""
    return int(version) if version.isascii() and version.isdecimal() and len(version) < _LONGEST_NUMBER else None


def checked_token(token: str | None, request: ChangeRequest) -> str | None:
    """A client token with the hash of its request. Raises InvalidParameterValue for a token that is too long."""
    return fingerprint(token, request, longest=_LONGEST_TOKEN, fault=InvalidParameterValue)


def checked_data(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The data, if it is not too long. Raises InvalidParameterValue."""
    if len(str(data.get("user_data", ""))) > _LONGEST_USER_DATA:
        raise InvalidParameterValue("User data is limited to 16384 bytes")
    if len(msgspec.json.encode(data)) > _LONGEST_DATA:
        raise InvalidParameterValue(f"LaunchTemplateData can have at most {_LONGEST_DATA} bytes here.")
    return data


def view(template: LaunchTemplate) -> dict[str, object]:
    """A template as EC2 describes it."""
    return {
        "launch_template_id": template.id,
        "launch_template_name": template.name,
        "create_time": template.created_at,
        "created_by": template.created_by,
        "default_version_number": template.default,
        "latest_version_number": template.versions[-1].number,
        "tags": tag_list(template.tags),
    }


def _find_by_name(templates: Iterable[LaunchTemplate], name: str) -> LaunchTemplate | None:
    return next((template for template in templates if template.name == name), None)


def _check_ids(ids: Iterable[str]) -> None:
    """Raise LaunchTemplateIdMalformed for the first text that can't be the id of a template."""
    malformed = next((identity for identity in ids if not _ID.fullmatch(identity)), None)
    if malformed is not None:
        raise LaunchTemplateIdMalformed(f'Invalid id: "{malformed[:_LONGEST_TOKEN]}" (expecting "lt-...")')


def _checked_earlier(template: LaunchTemplate, token: str | None) -> LaunchTemplate:
    """The template with the requested name, if an equal request has created it. Raises EC2's errors otherwise."""
    if token is None or token_of(token) != token_of(template.client_token):
        raise LaunchTemplateNameTaken("Launch template name already in use.")
    if token != template.client_token:
        raise IdempotentParameterMismatch("The client token was used with other parameters before.")
    return template


_KIND = DescribedKind[LaunchTemplate](
    "launch templates",
    lambda template: template.id,
    MappingProxyType(
        {"create-time": lambda t: (write_iso(t.created_at),), "launch-template-name": lambda t: (t.name,)}
    ),
    LaunchTemplateNotFound,
    lambda template: template.tags,
)
