"""Redirection of a task's traffic to its proxy, as nftables rules in the task's namespace.

Inbound connections pass the hook ``prerouting``; connections over the task's own loopback do not, so a container that
checks its own port reaches itself. Outbound connections to a virtual address (Service Connect), or all of them (App
Mesh), are redirected in the hook ``output``. Nothing loops: the proxy never connects to a virtual address, and where
all connections are redirected, those of the proxy's user or group are not. The output interface tells where a
connection goes: to an address of the task itself it is always loopback. The egress port accepts connections of the task
alone. Service Connect's proxy speaks IPv4 only, so the ports are closed for IPv6: callers would bypass it. App Mesh's
proxy gets the connections of both families, as with AWS's CNI plugin.
Source: https://wiki.nftables.org/wiki-nftables/index.php/Performing_Network_Address_Translation_(NAT),
https://github.com/aws/amazon-vpc-cni-plugins/tree/master/plugins/aws-appmesh (App Mesh's, as iptables)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from pathlib import Path

from moyai.domain.sandbox.network import Intercept, InterceptAll
from moyai.runtime.linux.network import namespaces
from moyai.runtime.linux.network.configure import apply_rules, sandbox_errors, set_sysctl
from moyai.runtime.linux.shim.user_namespace import IDS

TABLE = "moyai"

SHARED_CONNECTIONS = 2000
"""Connections that a task may have in each direction at a proxy that it shares. The kernel counts them, because a
refusal by the proxy costs the other tasks of the proxy as much as a request.
"""

_RETRANSMISSIONS = "4"
"""Unacknowledged retransmissions after which the kernel gives a connection up: 6 s. With its default of 15, a quarter
of an hour, a proxy could not ask another task in time when a task's link is cut."""


def redirect_to_proxy(netns: Path, rules: str) -> None:
    """Apply one of the rule sets below to a task's namespace. Only for the network thread. Raises SandboxFailed."""
    with sandbox_errors("the task's traffic can't be redirected to its proxy"), namespaces.inside(netns):
        set_sysctl("ipv4/tcp_retries2", _RETRANSMISSIONS)
        apply_rules(rules)


def service_connect_rules(intercept: Intercept, *, ipv6: bool = False, is_shared: bool = False) -> str:
    """The script for a Service Connect proxy; it replaces an earlier one. ``ipv6``: the task has an IPv6 address.
    ``is_shared``: other tasks have the same proxy, so this one may have SHARED_CONNECTIONS in each direction.
    """
    inbound_ports = {intercept.ingress_port, *intercept.opened_ports}
    directions = ({intercept.egress_port}, inbound_ports) if is_shared else ()
    return _ipv4_table(intercept, directions) + (_closed_ipv6_table(intercept) if ipv6 else "")


def app_mesh_rules(intercept: InterceptAll, users: int, *, ipv6: bool = False) -> str:
    """The script for an App Mesh proxy; it replaces an earlier one. The ignored user and group are recognized by their
    ids inside and outside of the task's user namespace, because not all containers are in it.

    ``users``: the first id outside of the task's user namespace, 0 = it has none; ``ipv6``: it has an IPv6 address.
    """
    families = ("ip", "ip6") if ipv6 else ("ip",)
    return "".join(_app_mesh_table(intercept, users, family) for family in families)


def _closed_ipv6_table(intercept: Intercept) -> str:
    ports = _set({*intercept.inbound_ports, intercept.ingress_port})
    return f"""\
table ip6 {TABLE}
delete table ip6 {TABLE}
table ip6 {TABLE} {{
  chain closed {{
    type filter hook input priority filter; policy accept;
    iifname "eth0" tcp dport {ports} reject with tcp reset
  }}
}}
"""


def _ipv4_table(intercept: Intercept, limited_directions: Iterable[Iterable[int]]) -> str:
    outbound = [f"ip daddr {intercept.virtual_cidr} meta l4proto tcp redirect to :{intercept.egress_port}"]
    inbound = _inbound_rules(intercept.inbound_ports, intercept.ingress_port)
    return _table("ip", inbound, outbound, intercept.egress_port, map(_limit, limited_directions))


def _limit(ports: Iterable[int]) -> str:
    return f"tcp dport {_set(ports)} ct state new ct count over {SHARED_CONNECTIONS} reject with tcp reset"


def _app_mesh_table(intercept: InterceptAll, users: int, family: str) -> str:
    inbound = () if intercept.ingress_port is None else _inbound_rules(intercept.app_ports, intercept.ingress_port)
    return _table(family, inbound, _outbound_rules(intercept, users, family), intercept.egress_port)


def _inbound_rules(ports: Iterable[int], proxy_port: int) -> Iterator[str]:
    if ports:
        yield f'iifname "eth0" tcp dport {_set(ports)} redirect to :{proxy_port}'


def _outbound_rules(intercept: InterceptAll, users: int, family: str) -> Iterator[str]:
    yield 'oifname "lo" return'
    for key, ignored_id in (("skuid", intercept.uid), ("skgid", intercept.gid)):
        if ignored_id is not None:
            outside = {users + ignored_id} if ignored_id < IDS else set()
            yield f"meta {key} {_set({ignored_id} | outside)} return"
    if intercept.ignored_ports:
        yield f"tcp dport {_set(intercept.ignored_ports)} return"
    if ignored_ranges := _disjoint_ranges(intercept.ignored_ranges, family):
        yield f"{family} daddr {{ {', '.join(ignored_ranges)} }} return"
    yield f"meta l4proto tcp redirect to :{intercept.egress_port}"


def _disjoint_ranges(texts: Iterable[str], family: str) -> list[str]:
    """The ranges of one family, merged: an nftables set refuses overlaps."""
    ranges = [ip_network(text) for text in texts]
    if family == "ip6":
        return [str(merged) for merged in collapse_addresses(r for r in ranges if isinstance(r, IPv6Network))]
    return [str(merged) for merged in collapse_addresses(r for r in ranges if isinstance(r, IPv4Network))]


def _set(numbers: Iterable[int]) -> str:
    return f"{{ {', '.join(str(number) for number in sorted(set(numbers)))} }}"


def _table(
    family: str, inbound: Iterable[str], outbound: Iterable[str], egress_port: int, limits: Iterable[str] = ()
) -> str:
    return f"""\
table {family} {TABLE}
delete table {family} {TABLE}
table {family} {TABLE} {{
  chain inbound {{
    type nat hook prerouting priority dstnat; policy accept;
{_indent(inbound)}
  }}
  chain outbound {{
    type nat hook output priority -100; policy accept;
{_indent(outbound)}
  }}
  chain closed {{
    type filter hook input priority filter; policy accept;
{_indent([f'iifname "eth0" tcp dport {egress_port} reject with tcp reset', *limits])}
  }}
}}
"""


def _indent(rules: Iterable[str]) -> str:
    return "\n".join(f"    {rule}" for rule in rules)
