"""Records of VPCs that have no effect: DHCP options, because a task resolves names with its VPC's resolver, and flow
logs, because moyai records no flows.

Sources: https://docs.aws.amazon.com/vpc/latest/userguide/DHCPOptionSetConcepts.html,
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_FlowLog.html
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Final

from moyai.domain.record import IdRecord
from moyai.domain.vpc.default import internal_domain
from moyai.kernel.clock import Instant
from moyai.kernel.ids import DhcpOptionsId, FlowLogId
from moyai.kernel.scope import Scope

NAME_SERVERS: Final = "domain-name-servers"
DOMAIN: Final = "domain-name"
AMAZON_DNS: Final = "AmazonProvidedDNS"
NOT_DELIVERED: Final = "moyai does not record traffic flows; nothing is delivered"
"""The reason that a flow log shows for its failed delivery."""


class DhcpOptions(IdRecord, frozen=True, tag="dhcp_options"):
    """A set of DHCP options: the values of each key."""

    id: DhcpOptionsId
    scope: Scope
    values: Mapping[str, tuple[str, ...]]
    tags: Mapping[str, str] = {}


def default_dhcp_options(scope: Scope) -> DhcpOptions:
    """The set of every VPC that was associated with no other. It is no record, and can't be deleted."""
    digest = sha256(f"{scope.account}/{scope.region}/dhcp".encode()).hexdigest()[:17]
    values = {DOMAIN: (internal_domain(scope.region),), NAME_SERVERS: (AMAZON_DNS,)}
    return DhcpOptions(DhcpOptionsId(f"dopt-{digest}"), scope, values)


class FlowLog(IdRecord, frozen=True, tag="flow_log"):
    """A flow log of a VPC or a subnet, with the settings of its request."""

    id: FlowLogId
    scope: Scope
    resource: str
    created_at: Instant
    traffic_type: str | None = None
    destination_type: str = "cloud-watch-logs"
    destination: str | None = None
    log_group: str | None = None
    role: str | None = None
    format: str | None = None
    interval: int = 600
    client_token: str | None = None
    tags: Mapping[str, str] = {}
