"""The network ACL of a subnet as a runtime applies it.

Promise: pure translation. An ACL that lets everything through is left out, so it costs nothing.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/nacl-rules.html
"""

from __future__ import annotations

from collections.abc import Iterable

from moyai.domain.queries.vpc import network_acl_of
from moyai.domain.sandbox.network_spec import AclRule, SubnetAcl
from moyai.domain.vpc.default import ANYWHERE
from moyai.domain.vpc.network_acl import ALL, AclEntry
from moyai.domain.vpc.vpc import EVERYWHERE, Subnet, Vpc
from moyai.domain.world import World

_EVERY_TYPE = -1


def subnet_acl(world: World, vpc: Vpc, subnet: Subnet) -> SubnetAcl | None:
    """The rules at the border of the subnet; None when they let everything through."""
    entries = network_acl_of(world, vpc, subnet.id).entries
    ingress, egress = ([entry for entry in entries if entry.egress is way] for way in (False, True))
    if all(_lets_all_through(way, ipv6=subnet.ipv6 is not None) for way in (ingress, egress)):
        return None
    ranges = (subnet.cidr,) if subnet.ipv6 is None else (subnet.cidr, subnet.ipv6.cidr)
    return SubnetAcl(ranges, tuple(map(_rule, ingress)), tuple(map(_rule, egress)))


def _lets_all_through(entries: Iterable[AclEntry], *, ipv6: bool) -> bool:
    """Whether the entries of a direction stop nothing of the subnet's address families."""
    first = {":" in entry.cidr: entry for entry in sorted(entries, key=lambda entry: entry.number, reverse=True)}
    families = ((False, ANYWHERE), (True, EVERYWHERE)) if ipv6 else ((False, ANYWHERE),)
    deciding = ((first.get(family), everything) for family, everything in families)
    return all(
        entry is not None and entry.allow and (entry.protocol, entry.cidr) == (ALL, everything)
        for entry, everything in deciding
    )


def _rule(entry: AclEntry) -> AclRule:
    return AclRule(entry.allow, entry.protocol, entry.cidr, _port(entry.from_port), _port(entry.to_port))


def _port(port: int | None) -> int | None:
    """A port, or for ICMP a type or code; None = all."""
    return None if port == _EVERY_TYPE else port
