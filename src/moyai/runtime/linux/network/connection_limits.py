"""Limits on the tracked connections of each task, as nftables rules.

Each connection through a router, or through a container instance, has an entry in the connection tracking table of that
namespace, and a task with NET_RAW makes an entry with each packet. While the table is full, no task gets a new
connection. Therefore:

- A packet with a forged source address is dropped before it is tracked. The kernel's own reverse path filter would drop
  it only after that.
- The router's own connections are not tracked: no rule depends on their state.
- An address may have a sixteenth of the table's entries, and may open an eighth of the table's entries each second:
  closed connections stay for CLOSED_SECONDS. So two tasks together have less than half of the table. A task behind a
  container instance may have a quarter of what the instance may have.

The kernel counts connections by walking a list. With one list for each address, a new connection would take a
millisecond at an address with ten thousand of them. So each address has SHARDS lists, each with its share of the limit,
and its connections are spread over them by a hash. Only the first packet of a connection is counted.
Sources: https://wiki.nftables.org/wiki-nftables/index.php/Meters, https://netfilter.org/projects/nftables/manpage.html,
https://docs.kernel.org/networking/nf_conntrack-sysctl.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from moyai.runtime.linux.network.client_addresses import ANSWER_MARK
from moyai.runtime.linux.network.configure import apply_rules, read_sysctl, set_sysctl
from moyai.runtime.linux.network.interface_names import EGRESS, NODES_PREFIX, TASK_PREFIX

TABLE: Final = "moyai_connections"
CLOSED_SECONDS: Final = 1
"""How long a closed TCP connection stays in the table."""
SHARDS: Final = 128

_OPEN_DIVISOR, _OPENING_DIVISOR, _BEHIND_INSTANCE_DIVISOR = 16, 8, 4
_MAX_ADDRESSES = 65_536
_IDLE = "1m"
_DROP_FORGED = f'iifname "{TASK_PREFIX}*" fib saddr . iif oif missing drop'
_PASS_COUNTED = f'iifname "{NODES_PREFIX}*" ct mark {ANSWER_MARK} accept'
"""A connection that a front proxy opens from a client's address: the client's own, to the load balancer, is counted."""
_UNLIMITED_CAPACITY = 262_144
"""The capacity that is assumed where the machine sets no limit: the kernel's own default from 4 GiB of memory on."""


def disable_reverse_path_filter() -> None:
    """Switch off the kernel's reverse path filter, which ``_DROP_FORGED`` replaces, in the current namespace."""
    for name in ("all", "default"):
        set_sysctl(f"ipv4/conf/{name}/rp_filter", "0")


def limit_router_connections(family: str) -> None:
    """Apply ``router_rules`` to the router that the calling thread is in. Raises SandboxFailed and OSError."""
    apply_rules(router_rules(family, _configure_tracking()))


def limit_instance_connections() -> None:
    """Apply ``instance_rules`` to the instance that the calling thread is in. Raises SandboxFailed and OSError."""
    apply_rules(instance_rules(_configure_tracking()))


def _configure_tracking() -> int:
    """Let the current namespace forget closed connections after CLOSED_SECONDS; the capacity of its table.

    The namespace must have a rule that needs tracking: before, the kernel parameters do not exist.
    """
    for state in ("time_wait", "close"):
        set_sysctl(f"netfilter/nf_conntrack_tcp_timeout_{state}", str(CLOSED_SECONDS))
    return int(read_sysctl("netfilter/nf_conntrack_max")) or _UNLIMITED_CAPACITY


class _Chain(msgspec.Struct, frozen=True):
    """A base chain. ``raw``: its rules run before connection tracking; otherwise after all filters have accepted."""

    hook: str
    rules: Sequence[str]
    raw: bool = False


def router_rules(family: str, capacity: int) -> str:
    """The script for a VPC's router. It replaces earlier rules and keeps their counters.

    ``family``: ``ip`` or ``ip6``; ``capacity``: entries of the table. Connections of the router itself are tracked only
    on the egress link, where their addresses are translated.
    """
    chains = {
        "arriving": _Chain(
            "prerouting", [_DROP_FORGED, f'iifname != "{EGRESS}" fib daddr type local notrack'], raw=True
        ),
        "leaving": _Chain("output", [f'oifname != "{EGRESS}" notrack'], raw=True),
        "passing": _Chain("forward", [_PASS_COUNTED, *_limits(family, capacity)]),
    }
    return _script(family, chains)


def instance_rules(capacity: int) -> str:
    """The script for a container instance. Bridge tasks are behind its links; host tasks are inside of it."""
    behind = [f'iifname != "{TASK_PREFIX}*" accept', *_limits("ip", capacity // _BEHIND_INSTANCE_DIVISOR)]
    chains = {
        "arriving": _Chain("prerouting", [_DROP_FORGED], raw=True),
        "leaving": _Chain("output", ["fib saddr type != local drop"], raw=True),
        "passing": _Chain("forward", behind),
        "ending": _Chain("input", behind),
        "beginning": _Chain("output", [*_limits("ip", capacity)]),
    }
    return _script("ip", chains)


def _limits(family: str, capacity: int) -> Iterator[str]:
    """Rules that drop a new connection over the limits. They set the packet's mark to its shard. This overwrites the
    mark of client_addresses.py, which only routing reads, and the kernel has routed the packet before these rules.
    """
    rate, shard_limit = capacity // _OPENING_DIVISOR, max(1, capacity // _OPEN_DIVISOR // SHARDS)
    yield "ct state != new accept"
    yield "ct status confirmed accept"
    yield f"update @opening {{ {family} saddr limit rate over {rate}/second burst {rate} packets }} drop"
    yield f"meta mark set jhash {family} daddr . th sport . th dport mod {SHARDS}"
    yield f"add @open {{ {family} saddr . meta mark ct count over {shard_limit} }} drop"


def _script(family: str, chains: Mapping[str, _Chain]) -> str:
    table, address = f"{family} {TABLE}", "ipv4_addr" if family == "ip" else "ipv6_addr"
    lines = [
        f"table {table} {{",
        f"  set opening {{ type {address}; size {_MAX_ADDRESSES}; flags dynamic,timeout; timeout {_IDLE}; }}",
        f"  set open {{ type {address} . mark; size {_MAX_ADDRESSES * SHARDS}; flags dynamic; }}",
    ]
    for name, chain in chains.items():
        priority = "raw" if chain.raw else "filter + 10"
        lines.append(f"  chain {name} {{ type filter hook {chain.hook} priority {priority}; policy accept; }}")
    lines.append("}")
    lines += [f"flush chain {table} {name}" for name in chains]
    lines += [f"add rule {table} {name} {rule}" for name, chain in chains.items() for rule in chain.rules]
    return "".join(f"{line}\n" for line in lines)
