"""The zones of load balancers: each one's DNS name, with the addresses of its nodes.

Promise: in its own VPC and in the VPCs peered with it, the name has the private addresses of the nodes, in its own also
those of IPv6, which goes through no peering; on this machine it has their public addresses, and where it has none the
private ones, as on AWS. Elsewhere it does not exist. Answers rotate. ``dualstack.`` before the name changes nothing.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/how-elastic-load-balancing-works.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import dns.exception
import dns.name
import dns.rdata
from dns.name import Name
from dns.rdataclass import IN
from dns.rdatatype import AAAA, A, RdataType

from moyai.dns.records import MULTIVALUE_ANSWERS, Labels, ZoneRecord, to_labels
from moyai.dns.zone import RandomBelow, RecordSet
from moyai.domain.elb.load_balancer import LoadBalancer
from moyai.domain.vpc.peering import PeeringStatus
from moyai.domain.world import World
from moyai.kernel.ids import AccountId, LoadBalancerArn, VpcId

_TTL: Final = 60
"""That of AWS."""
_OWNERS: Final = ((), (b"dualstack",))


class BalancerName(NamedTuple):
    """The name of a load balancer, and the addresses that it has in these VPCs (None = on this machine)."""

    apex: Name
    vpcs: frozenset[VpcId | None]
    addresses: tuple[str, ...]


class BalancerZone:
    """The zone of one name, which has no other names."""

    def __init__(self, name: BalancerName, random_below: RandomBelow) -> None:
        self.apex = name.apex
        self.labels = to_labels(name.apex)
        self.account: AccountId | None = None
        self.generation = 0
        self.negative_ttl = _TTL
        self.preference = (2, 0.0, str(name.apex))  # a namespace of the same name comes first
        self._vpcs = name.vpcs
        self._addresses: dict[RdataType, RecordSet] = {}
        for address in name.addresses:
            kind = AAAA if ":" in address else A
            value = dns.rdata.from_text(IN, kind, address)
            of_kind = self._addresses.setdefault(kind, RecordSet(_TTL, MULTIVALUE_ANSWERS, random_below))
            of_kind.put(address, ZoneRecord((), kind, _TTL, MULTIVALUE_ANSWERS, value), healthy=True)

    def visible_from(self, vpc: VpcId | None) -> bool:
        """Whether the name has addresses there."""
        return vpc in self._vpcs

    def exists(self, owner: Labels) -> bool:
        """Whether it is the name itself, or the one that AWS's console writes."""
        return owner in _OWNERS

    def find(self, owner: Labels, kind: RdataType) -> RecordSet | None:
        """The addresses of the nodes."""
        return self._addresses.get(kind) if owner in _OWNERS else None


def balancer_names(world: World, arn: LoadBalancerArn) -> tuple[BalancerName, ...]:
    """The name of a load balancer, and those of the services whose ingress paths it has, for each place where it has
    other addresses.
    """
    balancer = world.load_balancers.get(arn)
    if balancer is None:
        return ()
    hosts = (path.host for path in world.ingress_paths.by("load_balancer", arn))
    return tuple(name for host in (balancer.dns_name, *hosts) for name in _names(world, balancer, host))


def _names(world: World, balancer: LoadBalancer, host: str) -> Iterator[BalancerName]:
    try:
        apex = dns.name.from_text(host)
    except dns.exception.DNSException:
        return
    interfaces = [node.interface for node in balancer.nodes]
    peerings = (p for p in world.vpc_peerings.by("vpc", balancer.vpc) if p.status is PeeringStatus.ACTIVE)
    peers = (side.vpc for peering in peerings for side in peering.sides)  # the own VPC is one of them
    private = tuple(i.address for i in interfaces)
    public = tuple(i.public_address for i in interfaces if i.public_address is not None)
    ipv6 = tuple(i.ipv6_address for i in interfaces if i.ipv6_address is not None)
    if ipv6:
        yield BalancerName(apex, frozenset({balancer.vpc}), (*private, *ipv6))
    elsewhere = frozenset(peers) - {balancer.vpc} if ipv6 else frozenset({balancer.vpc, *peers})
    if elsewhere:
        yield BalancerName(apex, elsewhere, private)
    yield BalancerName(apex, frozenset({None}), public or private)
