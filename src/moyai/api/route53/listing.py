"""Lists of hosted zones: all, and by name.

Source: https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZones.html,
API_ListHostedZonesByName.html
"""

from __future__ import annotations

import msgspec

from moyai.api.operation import Context
from moyai.api.route53.lookup import bare_id, page_length, zone_view
from moyai.domain.queries.hosted_zones import hosted_zones_of
from moyai.domain.route53.errors import InvalidDomainName, InvalidRoute53Input
from moyai.domain.route53.names import DomainNameProblem, normalized_name, reversed_name
from moyai.domain.route53.zone import HostedZone


class ListHostedZonesRequest(msgspec.Struct, frozen=True):
    marker: str | None = None
    max_items: str | None = None
    hosted_zone_type: str | None = None


class ListHostedZonesByNameRequest(msgspec.Struct, frozen=True):
    dns_name: str | None = None
    hosted_zone_id: str | None = None
    max_items: str | None = None


def list_hosted_zones(ctx: Context, request: ListHostedZonesRequest) -> dict[str, object]:
    """The account's zones by id, in pages. A marker is the id of the page's first zone."""
    world, length = ctx.store.world, page_length(request.max_items)
    zones = [z for z in hosted_zones_of(world, ctx.scope.account) if request.hosted_zone_type is None or z.private]
    if request.marker:
        zones = [zone for zone in zones if zone.id >= bare_id(request.marker)]
    following = zones[length : length + 1]
    return {
        "hosted_zones": [zone_view(world, zone) for zone in zones[:length]],
        "marker": request.marker or "",
        "is_truncated": bool(following),
        "next_marker": following[0].id if following else None,
        "max_items": str(length),
    }


def list_hosted_zones_by_name(ctx: Context, request: ListHostedZonesByNameRequest) -> dict[str, object]:
    """The account's zones by name with its labels reversed, in pages, from this name and id."""
    if request.hosted_zone_id is not None and request.dns_name is None:
        raise InvalidRoute53Input("HostedZoneId is used together with DNSName only.")
    world, length = ctx.store.world, page_length(request.max_items)
    zones = sorted(hosted_zones_of(world, ctx.scope.account), key=_by_name)
    if request.dns_name:
        first = (reversed_name(_normalize(request.dns_name)), bare_id(request.hosted_zone_id or ""))
        zones = [zone for zone in zones if _by_name(zone) >= first]
    following = zones[length : length + 1]
    return {
        "hosted_zones": [zone_view(world, zone) for zone in zones[:length]],
        "dns_name": request.dns_name,
        "hosted_zone_id": request.hosted_zone_id,
        "is_truncated": bool(following),
        "next_dns_name": following[0].name if following else None,
        "next_hosted_zone_id": following[0].id if following else None,
        "max_items": str(length),
    }


def _by_name(zone: HostedZone) -> tuple[str, str]:
    return reversed_name(zone.name), zone.id


def _normalize(name: str) -> str:
    try:
        return normalized_name(name)
    except DomainNameProblem as problem:
        raise InvalidDomainName(str(problem)) from problem
