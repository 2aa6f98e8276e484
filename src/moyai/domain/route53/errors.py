"""Route 53's errors.

Source: https://docs.aws.amazon.com/Route53/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from collections.abc import Sequence

from moyai.kernel.errors import ClientFault


class Route53Fault(ClientFault, code_suffix=""):
    """The base of the errors of Route 53."""


class InvalidRoute53Input(Route53Fault, code="InvalidInput"):
    """A value is not valid, or asks for what moyai does not support."""


class NoSuchHostedZone(Route53Fault, status=404):
    """The account has no hosted zone with this id."""


class NoSuchChange(Route53Fault, status=404):
    """No change with this id is remembered."""


class HostedZoneAlreadyExists(Route53Fault, status=409):
    """The caller reference was used for another zone."""


class HostedZoneNotEmpty(Route53Fault):
    """The zone has record sets beside those that it began with."""


class HostedZoneNotPrivate(Route53Fault):
    """The limit is one of private zones."""


class TooManyHostedZones(Route53Fault):
    """The account has as many zones as allowed."""


class InvalidDomainName(Route53Fault):
    """The name of a zone is no domain name."""


class ConflictingDomainExists(Route53Fault):
    """The VPC has a private zone of this name already."""


class InvalidVPCId(Route53Fault):
    """The account has no such VPC in the region."""


class LastVPCAssociation(Route53Fault):
    """A private zone keeps at least one VPC."""


class VPCAssociationNotFound(Route53Fault, status=404):
    """The VPC is not associated with the zone."""


class VPCAssociationAuthorizationNotFound(Route53Fault, status=404):
    """The association of the VPC was not authorized."""


class PublicZoneVPCAssociation(Route53Fault):
    """Public zones have no VPCs."""


class ZoneNotAuthorized(Route53Fault, code="NotAuthorizedException", status=401):
    """The zone's account has not authorized the association."""


class LimitsExceeded(Route53Fault):
    """A zone has as many VPCs as allowed."""


class InvalidPaginationToken(Route53Fault):
    """The token belongs to another list."""


class ManagedHostedZone(Route53Fault, code="AccessDenied", status=403):
    """Another service manages the zone."""


class InvalidChangeBatch(Route53Fault):
    """Changes that can't be made; ``problems`` has a sentence for each."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(f"[{', '.join(problems)}]", {"messages": list(problems)})
