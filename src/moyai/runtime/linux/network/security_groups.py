"""Security groups as nftables rules: what one VPC's router forwards, as a value and as an nft script.

Every packet between two tasks passes a router's forward hook, also within a subnet (see router.py), so this is the only
place where groups are enforced. A packet must be allowed by the sender's groups and by the receiver's; answers always
pass. The router of the other VPC has already checked the sender of a packet that comes from a peering, and the groups
of a client have let it call the load balancer that opens a connection in its name (client_addresses.py). A task that is
in no specification is in no map, and nothing is forwarded to or from it. The router's own traffic is not filtered: its
name server and metadata, as on AWS, and what this machine sends to public addresses.

The rules of network ACLs are in chains of the same table (network_acls.py).

IPv6 has a table of its own, which differs from IPv4's in having no way out of the VPC. Forged sender addresses have
been dropped before (connection_limits.py).

The rules consist of sets, maps and chains, so that a task that starts or stops changes a few elements and no rule.
Sender and receiver are looked up by address in a hash table: the cost of a packet does not depend on the number of
tasks.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from types import MappingProxyType
from typing import Final

import msgspec

from moyai.domain.sandbox.network_spec import GroupRules, TrafficPermission, VpcSpec
from moyai.kernel.ids import SecurityGroupId
from moyai.runtime.linux.network.client_addresses import ANSWER_MARK
from moyai.runtime.linux.network.interface_names import EGRESS, NODES_PREFIX, PEERING_PREFIX
from moyai.runtime.linux.network.network_acls import BORDER, acl_chains, range_text

TABLE = "moyai"
_ALL_PORTS = (0, 65535)
IPV4, IPV6 = "ip", "ip6"
"""Address families, by their names in nft."""
_ICMP: Final[Mapping[str, str]] = MappingProxyType({IPV4: "icmp", IPV6: "icmpv6"})
_LEAVING, _ENTERING, _MAY_GO_OUT = "leaving", "entering", "may-go-out"
_SIDES = ((_LEAVING, "daddr"), (_ENTERING, "saddr"))

# ``leave`` runs before ``enter``. Packets of established connections to the outside are checked as well, so that these
# connections end when the task may no longer go out.
_IPV4_CHAINS = f"""\
  map {_LEAVING} {{
    type ipv4_addr : verdict
  }}
  map {_ENTERING} {{
    type ipv4_addr : verdict
  }}
  chain {BORDER} {{
    type filter hook forward priority -20; policy accept;
  }}
  chain remember {{
    type filter hook prerouting priority mangle; policy accept;
    iifname "{NODES_PREFIX}*" ct state new fib saddr . iif oif missing ct mark set {ANSWER_MARK}
    iifname != "{NODES_PREFIX}*" ct direction reply ct mark {ANSWER_MARK} meta mark set {ANSWER_MARK}
  }}
  chain leave {{
    type filter hook forward priority -10; policy drop;
    ct state established,related accept
    iifname "{PEERING_PREFIX}*" accept
    iifname "{NODES_PREFIX}*" ct mark {ANSWER_MARK} accept
    ip saddr vmap @{_LEAVING}
  }}
  chain enter {{
    type filter hook forward priority 0; policy drop;
    oifname "{EGRESS}" ip saddr @{_MAY_GO_OUT} accept
    oifname "{EGRESS}" reject with icmp net-unreachable
    ct state established,related accept
    oifname "{PEERING_PREFIX}*" accept
    ip daddr vmap @{_ENTERING}
  }}
  chain translate {{
    type nat hook postrouting priority srcnat;
    oifname "{EGRESS}" masquerade
  }}
"""


_IPV6_CHAINS = f"""\
  map {_LEAVING} {{
    type ipv6_addr : verdict
  }}
  map {_ENTERING} {{
    type ipv6_addr : verdict
  }}
  chain {BORDER} {{
    type filter hook forward priority -20; policy accept;
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
    """The rules of one router for one family. ``sets``: addresses by set; ``maps``: chains by map and address;
    ``chains``: rules by chain.
    """

    sets: Mapping[str, frozenset[str]]
    maps: Mapping[str, Mapping[str, str]]
    chains: Mapping[str, tuple[str, ...]]
    family: str = IPV4


class RouterRules(msgspec.Struct, frozen=True):
    """All rules of one router. ``ipv6`` None: it forwards no IPv6."""

    ipv4: Ruleset
    ipv6: Ruleset | None = None


DENY_ALL: Final = Ruleset({_MAY_GO_OUT: frozenset()}, {_LEAVING: {}, _ENTERING: {}}, {BORDER: ()})
"""Rules that forward nothing."""


def router_rules(vpc: VpcSpec, groups: Mapping[SecurityGroupId, GroupRules]) -> RouterRules:
    """The rules of this VPC's router."""
    return RouterRules(family_rules(vpc, groups), family_rules(vpc, groups, IPV6) if vpc.ipv6 else None)


def family_rules(vpc: VpcSpec, groups: Mapping[SecurityGroupId, GroupRules], family: str = IPV4) -> Ruleset:
    """The rules of this VPC's router for one family. An unknown group allows nothing."""
    by_address = [(i.address if family == IPV4 else i.ipv6_address, i) for i in vpc.interfaces]
    interfaces = [(address, i) for address, i in by_address if address is not None]
    combinations = {tuple(sorted(set(i.groups))) for _, i in interfaces}
    used_groups = [
        groups.get(id_, GroupRules(id_)) for id_ in sorted({g for combination in combinations for g in combination})
    ]
    peers = {g for group in used_groups for permission in (*group.egress, *group.ingress) for g in permission.groups}
    members = {_members_set(g): _of_family(family, groups[g].members if g in groups else ()) for g in peers}
    may_go_out = {_MAY_GO_OUT: frozenset(address for address, i in interfaces if i.outside)} if family == IPV4 else {}
    return Ruleset(
        sets={**may_go_out, **members},
        maps={side: {address: _chain_name(side, i.groups) for address, i in interfaces} for side, _ in _SIDES},
        chains=_group_chains(used_groups, family) | _combination_chains(combinations) | acl_chains(vpc.acls, family),
        family=family,
    )


def _group_chains(groups: Iterable[GroupRules], family: str) -> dict[str, tuple[str, ...]]:
    """Two chains for each group: its egress rules and its ingress rules."""
    return {
        f"{side}-{group.id}": tuple(rule for p in permissions for rule in _permission_rules(p, end, family))
        for group in groups
        for (side, end), permissions in zip(_SIDES, (group.egress, group.ingress), strict=True)
    }


def _combination_chains(combinations: Iterable[tuple[SecurityGroupId, ...]]) -> dict[str, tuple[str, ...]]:
    """Two chains for each combination of several groups, or of none: they try the chains of each group."""
    return {
        _chain_name(side, combination): tuple(f"jump {side}-{group}" for group in combination)
        for combination in combinations
        if len(combination) != 1
        for side, _ in _SIDES
    }


def _of_family(family: str, texts: Iterable[str]) -> frozenset[str]:
    """The addresses or ranges of this family."""
    return frozenset(text for text in texts if (":" in text) == (family == IPV6))


def _members_set(group: SecurityGroupId) -> str:
    return f"members-{group}"


def _chain_name(side: str, groups: Iterable[SecurityGroupId]) -> str:
    """The chain for tasks with exactly these groups: the chain of a single group, or one that jumps to each of them."""
    distinct = sorted(set(groups))
    if len(distinct) == 1:
        return f"{side}-{distinct[0]}"
    return f"{side}-all-{hashlib.blake2s(' '.join(distinct).encode(), digest_size=10).hexdigest()}"


def _permission_rules(permission: TrafficPermission, end: str, family: str) -> Iterator[str]:
    """The rules of a permission. ``end``: ``saddr`` or ``daddr``, the address that its ranges and groups match."""
    if permission.protocol in _ICMP.values() and permission.protocol != _ICMP[family]:
        return
    match = _traffic_match(permission, family)
    ranges = _merged_ranges(_of_family(family, permission.ranges), family)
    if any(text.endswith("/0") for text in ranges):
        yield f"{match} accept".strip()
    elif ranges:
        yield f"{family} {end} {{ {', '.join(ranges)} }} {match} accept".replace("  ", " ")
    for group in permission.groups:
        yield f"{family} {end} @{_members_set(group)} {match} accept".replace("  ", " ")


def _merged_ranges(ranges: Iterable[str], family: str) -> list[str]:
    texts = map(range_text, ranges)
    if family == IPV4:
        return list(map(str, collapse_addresses(map(IPv4Network, texts))))
    return list(map(str, collapse_addresses(map(IPv6Network, texts))))


def _traffic_match(permission: TrafficPermission, family: str) -> str:
    protocol, first, last = permission.protocol, permission.from_port, permission.to_port
    if protocol == "-1":
        return ""
    if first is None or (first, last) == _ALL_PORTS:
        return f"ip protocol {protocol}" if family == IPV4 else f"meta l4proto {protocol}"
    if protocol in _ICMP.values():
        code = "" if last is None else f" {protocol} code {last}"
        return f"{protocol} type {first}{code}"
    return f"{protocol} dport {first}" if last in {None, first} else f"{protocol} dport {first}-{last}"


# ---------------------------------------------------------------------------------------------------------- scripts


def replacement_script(rules: Ruleset) -> str:
    """The nft script that replaces the whole table by these rules, atomically."""
    table = f"{rules.family} {TABLE}"
    sets = "".join(f"  set {name} {{\n    type {_address_type(rules.family)}\n  }}\n" for name in sorted(rules.sets))
    empty = Ruleset(dict.fromkeys(rules.sets, frozenset()), DENY_ALL.maps, DENY_ALL.chains, rules.family)
    chains = _IPV4_CHAINS if rules.family == IPV4 else _IPV6_CHAINS
    new_table = f"table {table}\ndelete table {table}\ntable {table} {{\n{sets}{chains}}}\n"
    return new_table + change_script(empty, rules)


def _address_type(family: str) -> str:
    return "ipv4_addr" if family == IPV4 else "ipv6_addr"


def change_script(before: Ruleset, after: Ruleset) -> str:
    """The nft script that turns one rule set into the other, atomically; empty when they are equal.

    Sets and chains are made before the elements and rules that refer to them, and removed after those.
    """
    table = f"{after.family} {TABLE}"
    new_chains = sorted(after.chains.keys() - before.chains.keys())
    old_chains = sorted(before.chains.keys() - after.chains.keys())
    lines = [
        f"add set {table} {name} {{ type {_address_type(after.family)}; }}"
        for name in sorted(after.sets.keys() - before.sets.keys())
    ]
    lines += [f"add chain {table} {name}" for name in new_chains]
    lines += _element_commands("add", table, _added_elements(before.sets, after.sets))
    for name in sorted(after.chains):
        if after.chains[name] != before.chains.get(name, ()):
            lines += [f"flush chain {table} {name}"] if name in before.chains else []
            lines += [f"add rule {table} {name} {rule}" for rule in after.chains[name]]
    lines += _element_commands("delete", table, _removed_entries(before.maps, after.maps))
    lines += _element_commands("add", table, _added_entries(before.maps, after.maps))
    lines += [f"flush chain {table} {name}" for name in old_chains]
    lines += [f"delete chain {table} {name}" for name in old_chains]
    remaining = {name: elements for name, elements in before.sets.items() if name in after.sets}
    lines += _element_commands("delete", table, _added_elements(after.sets, remaining))
    lines += [f"delete set {table} {name}" for name in sorted(before.sets.keys() - after.sets.keys())]
    return "".join(f"{line}\n" for line in lines)


def _added_elements(less: Mapping[str, frozenset[str]], more: Mapping[str, frozenset[str]]) -> dict[str, list[str]]:
    """The elements of each set in ``more`` that ``less`` lacks."""
    return {name: sorted(elements - less.get(name, frozenset())) for name, elements in more.items()}


def _removed_entries(
    before: Mapping[str, Mapping[str, str]], after: Mapping[str, Mapping[str, str]]
) -> dict[str, list[str]]:
    return {
        name: sorted(key for key, chain in entries.items() if after[name].get(key) != chain)
        for name, entries in before.items()
    }


def _added_entries(
    before: Mapping[str, Mapping[str, str]], after: Mapping[str, Mapping[str, str]]
) -> dict[str, list[str]]:
    return {
        name: sorted(f"{key} : goto {chain}" for key, chain in entries.items() if before[name].get(key) != chain)
        for name, entries in after.items()
    }


def _element_commands(verb: str, table: str, elements: Mapping[str, list[str]]) -> list[str]:
    return [
        f"{verb} element {table} {name} {{ {', '.join(members)} }}"
        for name, members in sorted(elements.items())
        if members
    ]
