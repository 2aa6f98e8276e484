"""Limits of accounts and zones.

Source: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import msgspec

from moyai.api.operation import Context
from moyai.api.route53.lookup import record_set_count, zone_of
from moyai.domain.route53.errors import HostedZoneNotPrivate

MAX_ZONES: Final = 500
MAX_VPCS: Final = 300
MAX_RECORD_SETS: Final = 10_000
MAX_OF_NAME_AND_TYPE: Final = 100
"""Record sets with a routing policy that have the same name and type."""
_ZONES: Final = "MAX_HOSTED_ZONES_BY_OWNER"
_VPCS: Final = "MAX_VPCS_ASSOCIATED_BY_ZONE"
_ACCOUNT_LIMITS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "MAX_HEALTH_CHECKS_BY_OWNER": 200,
        _ZONES: MAX_ZONES,
        "MAX_TRAFFIC_POLICY_INSTANCES_BY_OWNER": 5,
        "MAX_REUSABLE_DELEGATION_SETS_BY_OWNER": 100,
        "MAX_TRAFFIC_POLICIES_BY_OWNER": 50,
        "MAX_HEALTH_CHECK_SOURCES_BY_OWNER": 100,
    }
)


class GetAccountLimitRequest(msgspec.Struct, frozen=True):
    type: str


class GetHostedZoneLimitRequest(msgspec.Struct, frozen=True):
    type: str
    hosted_zone_id: str


def get_account_limit(ctx: Context, request: GetAccountLimitRequest) -> dict[str, object]:
    """A limit of the account, and how much of it is used."""
    used = ctx.store.world.hosted_zones.count("account", ctx.scope.account) if request.type == _ZONES else 0
    return {"limit": {"type": request.type, "value": _ACCOUNT_LIMITS[request.type]}, "count": used}


def get_hosted_zone_limit(ctx: Context, request: GetHostedZoneLimitRequest) -> dict[str, object]:
    """A limit of a zone, and how much of it is used."""
    zone = zone_of(ctx, request.hosted_zone_id)
    if request.type != _VPCS:
        used = record_set_count(ctx.store.world, zone)
        return {"limit": {"type": request.type, "value": MAX_RECORD_SETS}, "count": used}
    if not zone.private:
        raise HostedZoneNotPrivate("The specified hosted zone is a public hosted zone, not a private hosted zone.")
    return {"limit": {"type": request.type, "value": MAX_VPCS}, "count": len(zone.vpcs)}
