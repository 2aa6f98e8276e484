"""DHCP options of VPCs. They are recorded and have no effect: a task resolves names with its VPC's resolver.

Source: https://docs.aws.amazon.com/vpc/latest/userguide/DHCPOptionSetConcepts.html
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from moyai.domain.record import IdRecord
from moyai.kernel.ids import DhcpOptionsId
from moyai.kernel.scope import Scope

NAME_SERVERS: Final = "domain-name-servers"
DOMAIN: Final = "domain-name"
AMAZON_DNS: Final = "AmazonProvidedDNS"
_FIRST_REGION: Final = "us-east-1"


class DhcpOptions(IdRecord, frozen=True, tag="dhcp_options"):
    """A set of DHCP options: the values of each key."""

    id: DhcpOptionsId
    scope: Scope
    values: Mapping[str, tuple[str, ...]]
    tags: Mapping[str, str] = {}


def default_dhcp_options(scope: Scope) -> DhcpOptions:
    """The set of every VPC that was associated with no other. It is no record, and can't be deleted."""
    digest = sha256(f"{scope.account}/{scope.region}/dhcp".encode()).hexdigest()[:17]
    domain = "ec2.internal" if scope.region == _FIRST_REGION else f"{scope.region}.compute.internal"
    return DhcpOptions(DhcpOptionsId(f"dopt-{digest}"), scope, {DOMAIN: (domain,), NAME_SERVERS: (AMAZON_DNS,)})
