"""How a task's traffic is led through its proxy: nftables rules, as text.

Inbound connections pass prerouting, connections of the task's own loopback never do, so a container
checking its own port reaches itself. Outbound connections to a virtual address, or all of them, are redirected on
output; the proxy never connects to a virtual address, and where all are led through it, its user or its group is left
alone, so nothing loops. Where a connection goes is known on output by the interface: to an address of the task itself,
always loopback. The egress port answers only the task itself.
Service Connect's proxy speaks IPv4: by IPv6 its ports are closed, or callers would pass it by. App Mesh's is led to
by both families, as AWS's plugin did it.
Source: https://wiki.nftables.org/wiki-nftables/index.php/Performing_Network_Address_Translation_(NAT),
https://github.com/aws/amazon-vpc-cni-plugins/tree/master/plugins/aws-appmesh (App Mesh's, as iptables)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

from moyai.domain.sandbox.intercept import Intercept, InterceptAll

TABLE = "moyai"


def interception(intercept: Intercept, *, ipv6: bool = False) -> str:
    """The rule set, for ``nft -f -``; given again it replaces itself. ``ipv6``: the task has such an address, too."""
    return _of_ipv4(intercept) + (_of_ipv6(intercept) if ipv6 else "")


def interception_of_all(intercept: InterceptAll, *, ipv6: bool = False) -> str:
    """The same, where all connections are led through the proxy."""
    families = ("ip", "ip6") if ipv6 else ("ip",)
    return "".join(_of_all(intercept, family) for family in families)


def _of_ipv6(intercept: Intercept) -> str:
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


def _of_ipv4(intercept: Intercept) -> str:
    outbound = [f"ip daddr {intercept.virtual_cidr} meta l4proto tcp redirect to :{intercept.egress_port}"]
    inbound = _inbound(intercept.inbound_ports, intercept.ingress_port)
    return _table("ip", inbound, outbound, intercept.egress_port)


def _of_all(intercept: InterceptAll, family: str) -> str:
    inbound = () if intercept.ingress_port is None else _inbound(intercept.app_ports, intercept.ingress_port)
    return _table(family, inbound, _outbound(intercept, family), intercept.egress_port)


def _inbound(ports: Iterable[int], proxy: int) -> Iterator[str]:
    if ports:
        yield f'iifname "eth0" tcp dport {_set(ports)} redirect to :{proxy}'


def _outbound(intercept: InterceptAll, family: str) -> Iterator[str]:
    yield 'oifname "lo" return'
    if intercept.uid is not None:
        yield f"meta skuid {intercept.uid} return"
    if intercept.gid is not None:
        yield f"meta skgid {intercept.gid} return"
    if intercept.ignored_ports:
        yield f"tcp dport {_set(intercept.ignored_ports)} return"
    if ignored := _ranges(intercept.ignored_ranges, family):
        yield f"{family} daddr {{ {', '.join(ignored)} }} return"
    yield f"meta l4proto tcp redirect to :{intercept.egress_port}"


def _ranges(texts: Iterable[str], family: str) -> list[str]:
    """Those of one family, none within another: a set takes no overlaps."""
    found = [ip_network(text) for text in texts]
    if family == "ip6":
        return [str(one) for one in collapse_addresses(one for one in found if isinstance(one, IPv6Network))]
    return [str(one) for one in collapse_addresses(one for one in found if isinstance(one, IPv4Network))]


def _set(ports: Iterable[int]) -> str:
    return f"{{ {', '.join(str(port) for port in sorted(set(ports)))} }}"


def _table(family: str, inbound: Iterable[str], outbound: Iterable[str], egress_port: int) -> str:
    return f"""\
table {family} {TABLE}
delete table {family} {TABLE}
table {family} {TABLE} {{
  chain inbound {{
    type nat hook prerouting priority dstnat; policy accept;
{_lines(inbound)}
  }}
  chain outbound {{
    type nat hook output priority -100; policy accept;
{_lines(outbound)}
  }}
  chain closed {{
    type filter hook input priority filter; policy accept;
    iifname "eth0" tcp dport {egress_port} reject with tcp reset
  }}
}}
"""


def _lines(rules: Iterable[str]) -> str:
    return "\n".join(f"    {rule}" for rule in rules)
