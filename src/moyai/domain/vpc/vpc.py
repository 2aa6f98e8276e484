"""Virtual private clouds, and which one is an account's default.

Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Vpc.html
"""

from __future__ import annotations

from collections.abc import Mapping

from moyai.domain.keys import scope_key
from moyai.domain.record import IdRecord, StoredRecord
from moyai.domain.vpc.ipv6 import Ipv6Range
from moyai.kernel.ids import VpcId
from moyai.kernel.scope import Scope


class Vpc(IdRecord, frozen=True, tag="vpc"):
    """A VPC. Its IPv4 range never changes; its subnets, groups, route tables and gateways name it."""

    id: VpcId
    scope: Scope
    cidr: str
    is_default: bool = False
    dns_hostnames: bool = False
    tags: Mapping[str, str] = {}
    ipv6: Ipv6Range | None = None


class DefaultVpc(StoredRecord, frozen=True, tag="default_vpc"):
    """The record that a scope's default VPC is stored, with its id (None: it was deleted).

    While a scope has no such record, its default VPC is the one that ``default.default_vpc`` gives.
    """

    scope: Scope
    vpc: VpcId | None

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return scope_key(self.scope)
