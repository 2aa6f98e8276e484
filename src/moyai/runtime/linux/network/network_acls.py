"""Network ACLs as nftables rules: chains of a router's table that every packet passes before its security groups.

Promise: a packet that crosses the border of a subnet is checked by the rules of its direction, without regard to the
connection that it belongs to; a packet within a subnet is not. A connection in the name of a client
(client_addresses.py) does not cross the border of the client's subnet: only the client's own connection, to the load
balancer, does. The router's own traffic is never forwarded, so ACLs do not hold for its name server and metadata, as
on AWS, nor for what this machine sends to public addresses.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network
from types import MappingProxyType
from typing import Final

from moyai.domain.sandbox.network_spec import AclRule, SubnetAcl
from moyai.runtime.linux.network.client_addresses import ANSWER_MARK

BORDER: Final = "border"
"""The chain that sends a packet to the chains of the subnets whose borders it crosses."""
_ICMP: Final[Mapping[str, str]] = MappingProxyType({"1": "icmp", "58": "icmpv6"})
_ICMP_OF_FAMILY: Final[Mapping[str, str]] = MappingProxyType({"ip": "1", "ip6": "58"})
_WITH_PORTS: Final[Mapping[str, str]] = MappingProxyType({"6": "tcp", "17": "udp"})
_ALL_PORTS: Final = (0, 65535)
_IN, _OUT = "acl-in", "acl-out"
"""The chains that send a packet to the rules of the subnet that it enters, and of the one that it leaves."""
_BORDER_RULES: Final = (
    f"ct mark {ANSWER_MARK} ct direction original goto {_IN}",
    f"ct mark {ANSWER_MARK} ct direction reply goto {_OUT}",
    f"jump {_OUT}",
    f"jump {_IN}",
)


def acl_chains(acls: Iterable[SubnetAcl], family: str) -> dict[str, tuple[str, ...]]:
    """The rules of each chain for one family (``ip`` or ``ip6``). Every packet enters at the chain BORDER."""
    borders: dict[str, list[str]] = {_OUT: [], _IN: []}
    chains: dict[str, tuple[str, ...]] = {}
    for acl in acls:
        for subnet in map(range_text, _of_family(acl.ranges, family)):
            name = subnet.replace(":", "-").replace("/", "-")
            for way, own, other, rules in ((_OUT, "saddr", "daddr", acl.egress), (_IN, "daddr", "saddr", acl.ingress)):
                chain = f"{way}-{name}"
                borders[way].append(f"{family} {own} {subnet} {family} {other} != {subnet} jump {chain}")
                chains[chain] = (*_rules(rules, other, family), "drop")
    if not chains:
        return {BORDER: ()}
    return {BORDER: _BORDER_RULES, **{way: tuple(jumps) for way, jumps in borders.items()}, **chains}


def range_text(text: str) -> str:
    """A range in its canonical form: digits and signs only, without the zone id that Python's networks may keep."""
    if ":" not in text:
        return str(IPv4Network(text, strict=False))
    parsed = IPv6Network(text, strict=False)
    return str(IPv6Network((int(parsed.network_address), parsed.prefixlen)))


def _rules(rules: Iterable[AclRule], other: str, family: str) -> Iterator[str]:
    for rule in rules:
        if _of_family((rule.cidr,), family) and not (
            rule.protocol in _ICMP and rule.protocol != _ICMP_OF_FAMILY[family]
        ):
            range_ = "" if rule.cidr.endswith("/0") else f"{family} {other} {range_text(rule.cidr)} "
            verdict = "return" if rule.allow else "drop"
            yield f"{range_}{_traffic(rule)}{verdict}"


def _traffic(rule: AclRule) -> str:
    """The match of the protocol and its ports."""
    if rule.protocol == "-1":
        return ""
    if rule.protocol in _ICMP and rule.from_port is not None:
        name = _ICMP[rule.protocol]
        code = "" if rule.to_port is None else f"{name} code {rule.to_port} "
        return f"{name} type {rule.from_port} {code}"
    ports = (rule.from_port, rule.to_port)
    if rule.protocol not in _WITH_PORTS or rule.from_port is None or ports == _ALL_PORTS:
        return f"meta l4proto {rule.protocol} "
    return f"{_WITH_PORTS[rule.protocol]} dport {rule.from_port}-{rule.to_port} "


def _of_family(ranges: Iterable[str], family: str) -> list[str]:
    return [text for text in ranges if (":" in text) == (family == "ip6")]
