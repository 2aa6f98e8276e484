"""Groups of schedules: create, get, list, delete, tags.

Promise: a group is deleted with its schedules, at once.
Source: https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateScheduleGroup.html
"""

from __future__ import annotations

from typing import Final

import msgspec

from moyai.api.idempotency import fingerprint
from moyai.api.operation import Context
from moyai.api.scheduler.lookup import LONGEST_PAGE, group_of, group_with_arn
from moyai.api.tagging import Tag, TagOperations, checked_tags
from moyai.domain.keys import scope_key
from moyai.domain.paging import page
from moyai.domain.scheduler.errors import InvalidScheduleRequest, ScheduleConflict, ScheduleQuotaExceeded
from moyai.domain.scheduler.schedule import DEFAULT_GROUP, Schedule, ScheduleGroup, schedule_group_arn
from moyai.domain.tagging import TagRules
from moyai.domain.world import Delete, Put

MAX_GROUPS: Final = 500
_RULES: Final = TagRules("schedule-group", InvalidScheduleRequest, InvalidScheduleRequest)


class CreateScheduleGroupRequest(msgspec.Struct, frozen=True):
    name: str
    tags: tuple[Tag, ...] = ()
    client_token: str | None = None


class ScheduleGroupRequest(msgspec.Struct, frozen=True):
    name: str


class DeleteScheduleGroupRequest(msgspec.Struct, frozen=True):
    name: str
    client_token: str | None = None


class ListScheduleGroupsRequest(msgspec.Struct, frozen=True):
    name_prefix: str = ""
    next_token: str | None = None
    max_results: int = LONGEST_PAGE


def create_schedule_group(ctx: Context, request: CreateScheduleGroupRequest) -> dict[str, object]:
    """Create a group; a repeated request gets the group that the first created."""
    world, arn = ctx.store.world, schedule_group_arn(ctx.scope, request.name)
    token = fingerprint(request.client_token, request)
    present = world.schedule_groups.get(arn)
    if present is not None and token is not None and present.fingerprint == token:
        return {"schedule_group_arn": arn}
    if present is not None or request.name == DEFAULT_GROUP:
        raise ScheduleConflict(f"Schedule group {request.name} already exists.")
    if world.schedule_groups.count("scope", scope_key(ctx.scope)) >= MAX_GROUPS:
        raise ScheduleQuotaExceeded(f"There may be {MAX_GROUPS} schedule groups. Delete one that is not used.")
    tags = checked_tags(_RULES, request.tags)
    ctx.store.apply([Put(ScheduleGroup(arn, ctx.scope, request.name, ctx.now, tags, token))])
    return {"schedule_group_arn": arn}


def get_schedule_group(ctx: Context, request: ScheduleGroupRequest) -> dict[str, object]:
    """The group of this name, with its times."""
    return _view(group_of(ctx, request.name))


def list_schedule_groups(ctx: Context, request: ListScheduleGroupsRequest) -> dict[str, object]:
    """The groups by name, in pages."""
    stored = ctx.store.world.schedule_groups.each("scope", scope_key(ctx.scope))
    groups = {group.name: group for group in (group_of(ctx, None), *stored)}
    names = [name for name in groups if name.startswith(request.name_prefix)]
    listing = ("ListScheduleGroups", request.name_prefix)
    on_page = page(names, listing, request.next_token, request.max_results, fault=InvalidScheduleRequest)
    return {"schedule_groups": [_view(groups[name]) for name in on_page.keys], "next_token": on_page.next_token}


def delete_schedule_group(ctx: Context, request: DeleteScheduleGroupRequest) -> dict[str, object]:
    """Delete a group with its schedules; the default group stays."""
    if request.name == DEFAULT_GROUP:
        raise InvalidScheduleRequest("The default schedule group can't be deleted.")
    group = group_of(ctx, request.name)
    schedules = ctx.store.world.schedules.by("group", group.arn)
    ctx.store.apply([Delete(ScheduleGroup, group.arn), *(Delete(Schedule, schedule.arn) for schedule in schedules)])
    return {}


def _view(group: ScheduleGroup) -> dict[str, object]:
    return {
        "arn": group.arn,
        "name": group.name,
        "state": "ACTIVE",
        "creation_date": group.created_at,
        "last_modification_date": group.created_at,
    }


TAGS: Final = TagOperations(group_with_arn, _RULES)
