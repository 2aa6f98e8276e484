"""Tags of alarms and dashboards.

Refuses: more than 50 tags, keys that begin with ``aws:``, tags of anything else.
Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_TagResource.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.api.operation import Context
from moyai.domain.cloudwatch.alarm import Alarm
from moyai.domain.cloudwatch.dashboard import Dashboard
from moyai.domain.cloudwatch.errors import InvalidParameterValue, UnknownResource
from moyai.domain.own_tags import fault_in
from moyai.domain.world import Put
from moyai.kernel.arn import parse_arn
from moyai.kernel.errors import ClientFault

_MAX_TAGS: Final = 50


class Tag(msgspec.Struct, frozen=True):
    """One tag."""

    key: str
    value: str = ""


class TagResourceRequest(msgspec.Struct, frozen=True):
    """Add tags, or give those there are another value."""

    resource_arn: str
    tags: tuple[Tag, ...]


class UntagResourceRequest(msgspec.Struct, frozen=True):
    """Take tags away."""

    resource_arn: str
    tag_keys: tuple[str, ...]


class ListTagsForResourceRequest(msgspec.Struct, frozen=True):
    """Whose tags."""

    resource_arn: str


def with_tags(
    had: Mapping[str, str], tags: Iterable[Tag], fault: type[ClientFault], kind: str = "alarm"
) -> dict[str, str]:
    """The tags on top of those there were. Raises ``fault``."""
    found = {**had, **{tag.key: tag.value for tag in tags}}
    if any(key.lower().startswith("aws:") for key in found):
        raise fault("A tag's key does not begin with aws:, which is reserved.")
    if len(found) > _MAX_TAGS:
        raise fault(f"A resource can have {_MAX_TAGS} tags.")
    if (wrong := fault_in(kind, found)) is not None:
        raise fault(wrong)
    return found


def tag_resource(ctx: Context, request: TagResourceRequest) -> dict[str, object]:
    """Tag an alarm or a dashboard."""
    tagged = _tagged(ctx, request.resource_arn)
    kind = "alarm" if isinstance(tagged, Alarm) else "dashboard"
    ctx.store.apply([Put(replace(tagged, tags=with_tags(tagged.tags, request.tags, InvalidParameterValue, kind)))])
    return {}


def untag_resource(ctx: Context, request: UntagResourceRequest) -> dict[str, object]:
    """Take tags away; keys that there are not are passed over."""
    tagged = _tagged(ctx, request.resource_arn)
    left = {key: value for key, value in tagged.tags.items() if key not in request.tag_keys}
    ctx.store.apply([Put(replace(tagged, tags=left))])
    return {}


def list_tags_for_resource(ctx: Context, request: ListTagsForResourceRequest) -> dict[str, object]:
    """The tags of one resource."""
    tagged = _tagged(ctx, request.resource_arn)
    return {"tags": [{"key": key, "value": value} for key, value in tagged.tags.items()]}


def _tagged(ctx: Context, arn: str) -> Alarm | Dashboard:
    parsed = parse_arn(arn)
    if parsed is None:
        raise InvalidParameterValue(f"The value {arn[:200]} for parameter ResourceARN is invalid: it is no ARN.")
    world = ctx.store.world
    found: Alarm | Dashboard | None = world.alarms.get(arn) if parsed.scope == ctx.scope else None
    if found is None and parsed.scope.account == ctx.scope.account:
        found = world.dashboards.get(arn)
    if found is None:
        raise UnknownResource(f"Unknown resource: {arn[:500]}. Only alarms and dashboards have tags here.")
    return found
