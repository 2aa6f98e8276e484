"""The operations of Route 53.

Source: https://docs.aws.amazon.com/Route53/latest/APIReference/API_Operations_Amazon_Route_53.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import msgspec

from moyai.api.operation import ApiOperation, ApiService, Context, operations
from moyai.api.route53 import limits, listing, record_sets, tags, vpcs, zones
from moyai.api.route53.lookup import zone_of
from moyai.domain.route53.errors import InvalidRoute53Input
from moyai.ports.dns import ServedZones

_ONE_PLACE: Final = "moyai is one place, to which every client is equally near"
_NO_HEALTH_CHECKS: Final = "moyai has no health checks of Route 53"


class ZoneSigningRequest(msgspec.Struct, frozen=True):
    hosted_zone_id: str


def _get_dnssec(ctx: Context, request: ZoneSigningRequest) -> dict[str, object]:
    """The signing of a zone, which moyai does not do."""
    zone_of(ctx, request.hosted_zone_id)
    return {"status": {"serve_signature": "NOT_SIGNING"}, "key_signing_keys": []}


_WITH_INITIALS: Final = (
    ApiOperation("AssociateVPCWithHostedZone", vpcs.VpcAssociationRequest, vpcs.associate_vpc_with_hosted_zone),
    ApiOperation("DisassociateVPCFromHostedZone", vpcs.VpcAssociationRequest, vpcs.disassociate_vpc_from_hosted_zone),
    ApiOperation(
        "CreateVPCAssociationAuthorization", vpcs.VpcAuthorizationRequest, vpcs.create_vpc_association_authorization
    ),
    ApiOperation(
        "DeleteVPCAssociationAuthorization", vpcs.VpcAuthorizationRequest, vpcs.delete_vpc_association_authorization
    ),
    ApiOperation(
        "ListVPCAssociationAuthorizations", vpcs.ListVpcAuthorizationsRequest, vpcs.list_vpc_association_authorizations
    ),
    ApiOperation("ListHostedZonesByVPC", vpcs.ListHostedZonesByVpcRequest, vpcs.list_hosted_zones_by_vpc),
    ApiOperation("GetDNSSEC", ZoneSigningRequest, _get_dnssec),
)
"""The operations whose names have an acronym, which a handler's name does not show."""


def route53(served: ServedZones) -> ApiService:
    """Route 53; ``served``: the zones that DNS answers from."""
    return ApiService(
        name="route53",
        input_fault=InvalidRoute53Input,
        operations=operations(limits, listing, record_sets, tags, zones, *_WITH_INITIALS, served=served),
        refused=MappingProxyType(
            {
                "CreateHostedZone.DelegationSetId": "all public zones have the same name servers",
                "CreateHostedZone.EnablePublicDNSFallback": "a private zone answers for all names below it",
                "CreateHostedZone.ChangeGuardrails": "moyai checks changes as AWS does without them",
                "ListHostedZones.DelegationSetId": "moyai has no reusable delegation sets",
                **{
                    f"ChangeResourceRecordSets.ChangeBatch.Changes[].ResourceRecordSet.{member}": reason
                    for member, reason in (
                        ("AZAffinity", _ONE_PLACE),
                        ("GeoLocation", _ONE_PLACE),
                        ("GeoProximityLocation", _ONE_PLACE),
                        ("CidrRoutingConfig", "answers don't depend on the client's address"),
                        ("Failover", _NO_HEALTH_CHECKS),
                        ("HealthCheckId", _NO_HEALTH_CHECKS),
                        ("TrafficPolicyInstanceId", "moyai has no traffic policies"),
                    )
                },
            }
        ),
    )
