"""Security groups as nftables rules: what one VPC's router lets through, as a value and as text.

Every packet between two tasks passes a router's forward hook, also within a subnet (see network.py), so this is the one
place. A packet must be let out by its sender's groups and in by its receiver's; answers always pass. What comes
from another VPC was let out by that one's router. Whoever isn't in a fabric is in no map, and nothing is forwarded for
him. The router's own traffic is never looked at: its name server and metadata, as on AWS, and what this machine sends
through public addresses.

IPv6 has a table of its own, as IPv4's but for ways out of the VPC, which it has none of. Whether who sends is who is
behind that port has been looked at before (connections.py).

The value is made of sets, maps and chains, so that a task that comes or goes is a few elements and no rule. Sender
and receiver are looked up by address in a hash: what a packet costs doesn't grow with the number of tasks.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from types import MappingProxyType
from typing import Final

import msgspec

from moyai.domain.sandbox.fabric import Group, Permission, VpcFabric
from moyai.kernel.ids import SecurityGroupId

TABLE = "moyai"
PEER, OUTSIDE = "p", "outside"
"""How the names of a router's links to other routers begin, and the name of its link to the outside."""

_ALL_PORTS = (0, 65535)
IPV4, IPV6 = "ip", "ip6"
"""Families, as nft calls them."""
_ICMP: Final[Mapping[str, str]] = MappingProxyType({IPV4: "icmp", IPV6: "icmpv6"})
_LEAVING, _ENTERING, _MAY_GO_OUT = "leaving", "entering", "may-go-out"
_SIDES = ((_LEAVING, "daddr"), (_ENTERING, "saddr"))

# ``leave`` comes first. A connection to the outside is looked at each time, so that it ends when its way is closed.
_FIXED = f"""\
  map {_LEAVING} {{
    type ipv4_addr : verdict
  }}
  map {_ENTERING} {{
    type ipv4_addr : verdict
  }}
  chain leave {{
    type filter hook forward priority -10; policy drop;
    ct state established,related accept
    iifname "{PEER}*" accept
    ip saddr vmap @{_LEAVING}
  }}
  chain enter {{
    type filter hook forward priority 0; policy drop;
    oifname "{OUTSIDE}" ip saddr @{_MAY_GO_OUT} accept
    oifname "{OUTSIDE}" reject with icmp net-unreachable
    ct state established,related accept
    oifname "{PEER}*" accept
    ip daddr vmap @{_ENTERING}
  }}
  chain translate {{
    type nat hook postrouting priority srcnat;
    oifname "{OUTSIDE}" masquerade
  }}
"""


_FIXED_OF_IPV6 = f"""\
  map {_LEAVING} {{
    type ipv6_addr : verdict
  }}
  map {_ENTERING} {{
    type ipv6_addr : verdict
  }}
  chain leave {{
    type filter hook forward priority -10; policy drop;
    ct state established,related accept
    ip6 saddr vmap @{_LEAVING}
  }}
  chain enter {{
    type filter hook forward priority 0; policy drop;
    ct state established,related accept
    ip6 daddr vmap @{_ENTERING}
  }}
"""


class Ruleset(msgspec.Struct, frozen=True):
    """The rules of one router and family. ``sets``: addresses; ``maps``: from an address to a
    chain; ``chains``: their rules.
    """

    sets: Mapping[str, frozenset[str]]
    maps: Mapping[str, Mapping[str, str]]
    chains: Mapping[str, tuple[str, ...]]
    family: str = IPV4


class Rules(msgspec.Struct, frozen=True):
    """All the rules of one router. ``ipv6`` None: it sends none on."""

    ipv4: Ruleset
    ipv6: Ruleset | None = None


CLOSED: Final = Ruleset({_MAY_GO_OUT: frozenset()}, {_LEAVING: {}, _ENTERING: {}}, {})
CLOSED_TO_IPV6: Final = Ruleset({}, {_LEAVING: {}, _ENTERING: {}}, {}, IPV6)
"""Nothing is let through."""


def all_rules_for(vpc: VpcFabric, groups: Mapping[SecurityGroupId, Group]) -> Rules:
    """What this VPC's router enforces."""
    return Rules(rules_for(vpc, groups), rules_for(vpc, groups, IPV6) if vpc.ipv6 else None)


def rules_for(vpc: VpcFabric, groups: Mapping[SecurityGroupId, Group], family: str = IPV4) -> Ruleset:
    """What it enforces for one family. A group that isn't known lets nothing through."""
    addresses = {i.task: i.address if family == IPV4 else i.ipv6_address for i in vpc.interfaces}
    places = [(address, i) for i in vpc.interfaces if (address := addresses[i.task]) is not None]
    combinations = {tuple(sorted(set(i.groups))) for _, i in places}
    chains: dict[str, tuple[str, ...]] = {}
    referred: set[SecurityGroupId] = set()
    for group in sorted({g for combination in combinations for g in combination}):
        known = groups.get(group, Group(group))
        for (side, end), permissions in zip(_SIDES, (known.egress, known.ingress), strict=True):
            chains[f"{side}-{group}"] = tuple(rule for p in permissions for rule in _rules(p, end, family))
            referred.update(g for p in permissions for g in p.groups)
    for combination in combinations:
        for side, _ in _SIDES:
            if len(combination) != 1:
                chains[_chain(side, combination)] = tuple(f"jump {side}-{group}" for group in combination)
    members = {_members(g): _of(family, groups[g].members if g in groups else ()) for g in referred}
    outside = {_MAY_GO_OUT: frozenset(address for address, i in places if i.outside)} if family == IPV4 else {}
    return Ruleset(
        sets={**outside, **members},
        maps={side: {address: _chain(side, i.groups) for address, i in places} for side, _ in _SIDES},
        chains=chains,
        family=family,
    )


def _of(family: str, texts: Iterable[str]) -> frozenset[str]:
    """The addresses or ranges that are of this family."""
    return frozenset(text for text in texts if (":" in text) == (family == IPV6))


def _members(group: SecurityGroupId) -> str:
    return f"members-{group}"


def _chain(side: str, groups: Iterable[SecurityGroupId]) -> str:
    """The chain for whoever has all of these groups: that of the only one, or one that tries each."""
    distinct = sorted(set(groups))
    if len(distinct) == 1:
        return f"{side}-{distinct[0]}"
    return f"{side}-all-{hashlib.blake2s(' '.join(distinct).encode(), digest_size=10).hexdigest()}"


def _rules(permission: Permission, end: str, family: str) -> Iterator[str]:
    """A permission's rules. ``end``: the address that its ranges and groups are about."""
    if permission.protocol in _ICMP.values() and permission.protocol != _ICMP[family]:
        return
    what = _traffic(permission, family)
    ranges = _collapsed(_of(family, permission.ranges), family)
    if any(one.endswith("/0") for one in ranges):
        yield f"{what} accept".strip()
    elif ranges:
        yield f"{family} {end} {{ {', '.join(ranges)} }} {what} accept".replace("  ", " ")
    for group in permission.groups:
        yield f"{family} {end} @{_members(group)} {what} accept".replace("  ", " ")


def _collapsed(ranges: Iterable[str], family: str) -> list[str]:
    if family == IPV4:
        return [str(one) for one in collapse_addresses(IPv4Network(text, strict=False) for text in ranges)]
    return [str(one) for one in collapse_addresses(IPv6Network(text, strict=False) for text in ranges)]


def _traffic(permission: Permission, family: str) -> str:
    protocol, first, last = permission.protocol, permission.from_port, permission.to_port
    if protocol == "-1":
        return ""
    if first is None or (first, last) == _ALL_PORTS:
        return f"ip protocol {protocol}" if family == IPV4 else f"meta l4proto {protocol}"
    if protocol in _ICMP.values():
        code = "" if last is None else f" {protocol} code {last}"
        return f"{protocol} type {first}{code}"
    return f"{protocol} dport {first}" if last in {None, first} else f"{protocol} dport {first}-{last}"


# ------------------------------------------------------------------------------------------------------------- text


def whole(rules: Ruleset) -> str:
    """The text that puts these rules in place of whatever is there, at once."""
    table = f"{rules.family} {TABLE}"
    sets = "".join(f"  set {name} {{\n    type {_type(rules.family)}\n  }}\n" for name in sorted(rules.sets))
    empty = Ruleset(dict.fromkeys(rules.sets, frozenset()), CLOSED.maps, {}, rules.family)
    fixed = _FIXED if rules.family == IPV4 else _FIXED_OF_IPV6
    fresh = f"table {table}\ndelete table {table}\ntable {table} {{\n{sets}{fixed}}}\n"
    return fresh + changes(empty, rules)


def _type(family: str) -> str:
    """What is in a set."""
    return "ipv4_addr" if family == IPV4 else "ipv6_addr"


def changes(before: Ruleset, after: Ruleset) -> str:
    """The text that turns one into the other, at once; empty when they are the same.

    What is pointed to is made before what points to it, and removed after it.
    """
    table = f"{after.family} {TABLE}"
    new_chains = sorted(after.chains.keys() - before.chains.keys())
    old_chains = sorted(before.chains.keys() - after.chains.keys())
    lines = [
        f"add set {table} {name} {{ type {_type(after.family)}; }}"
        for name in sorted(after.sets.keys() - before.sets.keys())
    ]
    lines += [f"add chain {table} {name}" for name in new_chains]
    lines += _elements("add", table, _more(before.sets, after.sets))
    for name in sorted(after.chains):
        if after.chains[name] != before.chains.get(name, ()):
            lines += [f"flush chain {table} {name}"] if name in before.chains else []
            lines += [f"add rule {table} {name} {rule}" for rule in after.chains[name]]
    lines += _elements("delete", table, _gone(before.maps, after.maps))
    lines += _elements("add", table, _mapped(before.maps, after.maps))
    lines += [f"flush chain {table} {name}" for name in old_chains]
    lines += [f"delete chain {table} {name}" for name in old_chains]
    kept = {name: elements for name, elements in before.sets.items() if name in after.sets}
    lines += _elements("delete", table, _more(after.sets, kept))
    lines += [f"delete set {table} {name}" for name in sorted(before.sets.keys() - after.sets.keys())]
    return "".join(f"{line}\n" for line in lines)


def _more(less: Mapping[str, frozenset[str]], more: Mapping[str, frozenset[str]]) -> dict[str, list[str]]:
    """Which elements each set has more."""
    return {name: sorted(elements - less.get(name, frozenset())) for name, elements in more.items()}


def _gone(before: Mapping[str, Mapping[str, str]], after: Mapping[str, Mapping[str, str]]) -> dict[str, list[str]]:
    return {
        name: sorted(key for key, chain in entries.items() if after[name].get(key) != chain)
        for name, entries in before.items()
    }


def _mapped(before: Mapping[str, Mapping[str, str]], after: Mapping[str, Mapping[str, str]]) -> dict[str, list[str]]:
    return {
        name: sorted(f"{key} : goto {chain}" for key, chain in entries.items() if before[name].get(key) != chain)
        for name, entries in after.items()
    }


def _elements(verb: str, table: str, elements: Mapping[str, list[str]]) -> list[str]:
    return [
        f"{verb} element {table} {name} {{ {', '.join(listed)} }}"
        for name, listed in sorted(elements.items())
        if listed
    ]
