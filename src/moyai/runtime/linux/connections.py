"""What a task may take of a namespace's table of tracked connections, as nftables rules.

Every connection through a router, or through a container instance, has an entry in the table of that namespace, and who
has NET_RAW makes one with each packet. When the table is full, nobody's new connection gets through. So

- a packet whose sender isn't behind the port that it comes from is dropped before it is tracked: the kernel's own
  reverse path filter would drop it after that;
- a router's own connections are not tracked: nothing is decided by them;
- an address may have a sixteenth of the table, and open as many connections a second as are an eighth of it, which is
  what its closed ones take: they stay for CLOSED_FOR. So two tasks have less than half of it. Of what a container
  instance has, a task behind it may have a quarter.

The kernel counts connections by walking through a list of them. With a list for each address, every new connection of
one that has ten thousand would cost a millisecond; so each has SHARES lists with a share of the bound each, among which
its connections are spread evenly. Only a connection's first packet is looked at, so that all others cost nothing.
Sources: https://wiki.nftables.org/wiki-nftables/index.php/Meters, https://netfilter.org/projects/nftables/manpage.html,
https://docs.kernel.org/networking/nf_conntrack-sysctl.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from moyai.runtime.linux.port import PREFIX

TABLE: Final = "moyai_connections"
CLOSED_FOR: Final = 1
"""Seconds that a closed TCP connection stays in the table."""
SHARES: Final = 128

_OPEN_PART, _OPENING_PART, _BEHIND_INSTANCE = 16, 8, 4
_MOST_ADDRESSES = 65_536
_IDLE = "1m"
_FORGED = f'iifname "{PREFIX}*" fib saddr . iif oif missing drop'


class _Chain(msgspec.Struct, frozen=True):
    """A chain at one of the kernel's hooks. ``raw``: before connections are tracked; else once all others accept."""

    hook: str
    rules: Sequence[str]
    raw: bool = False


def router_rules(family: str, capacity: int, outside: str) -> str:
    """The rule set of a VPC's router, for ``nft -f -``; given again it replaces its rules and keeps what it counted.

    ``family``: ``ip`` or ``ip6``; ``capacity``: how many entries the table has; ``outside``: the name of the only link
    whose own connections are tracked, because their addresses are translated.
    """
    chains = {
        "arriving": _Chain("prerouting", [_FORGED, f'iifname != "{outside}" fib daddr type local notrack'], raw=True),
        "leaving": _Chain("output", [f'oifname != "{outside}" notrack'], raw=True),
        "passing": _Chain("forward", [*_bound(family, capacity)]),
    }
    return _text(family, chains)


def instance_rules(capacity: int) -> str:
    """The same of a container instance. Tasks are behind its ports, and tasks without a network of their own in it."""
    behind = [f'iifname != "{PREFIX}*" accept', *_bound("ip", capacity // _BEHIND_INSTANCE)]
    chains = {
        "arriving": _Chain("prerouting", [_FORGED], raw=True),
        "leaving": _Chain("output", ["fib saddr type != local drop"], raw=True),
        "passing": _Chain("forward", behind),
        "ending": _Chain("input", behind),
        "beginning": _Chain("output", [*_bound("ip", capacity)]),
    }
    return _text("ip", chains)


def _bound(family: str, capacity: int) -> Iterator[str]:
    """Drop the connection that is one too many. The mark is its list's number; nothing here routes by marks."""
    rate, share = capacity // _OPENING_PART, max(1, capacity // _OPEN_PART // SHARES)
    yield "ct state != new accept"
    yield "ct status confirmed accept"
    yield f"update @opening {{ {family} saddr limit rate over {rate}/second burst {rate} packets }} drop"
    yield f"meta mark set jhash {family} daddr . th sport . th dport mod {SHARES}"
    yield f"add @open {{ {family} saddr . meta mark ct count over {share} }} drop"


def _text(family: str, chains: Mapping[str, _Chain]) -> str:
    table, address = f"{family} {TABLE}", "ipv4_addr" if family == "ip" else "ipv6_addr"
    lines = [
        f"table {table} {{",
        f"  set opening {{ type {address}; size {_MOST_ADDRESSES}; flags dynamic,timeout; timeout {_IDLE}; }}",
        f"  set open {{ type {address} . mark; size {_MOST_ADDRESSES * SHARES}; flags dynamic; }}",
    ]
    for name, chain in chains.items():
        at = "raw" if chain.raw else "filter + 10"
        lines.append(f"  chain {name} {{ type filter hook {chain.hook} priority {at}; policy accept; }}")
    lines.append("}")
    lines += [f"flush chain {table} {name}" for name in chains]
    lines += [f"add rule {table} {name} {rule}" for name, chain in chains.items() for rule in chain.rules]
    return "".join(f"{line}\n" for line in lines)
