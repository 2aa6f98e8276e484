"""How a task's traffic is led through its proxy: nftables rules, as text.

Inbound connections pass prerouting, connections of the task's own loopback never do, so a container
checking its own port reaches itself. Outbound connections to a virtual address are redirected on
output; the proxy never connects to a virtual address, so nothing loops. The egress port answers only the task itself.
A proxy speaks IPv4: by IPv6 its ports are closed, or callers would pass it by.
Source: https://wiki.nftables.org/wiki-nftables/index.php/Performing_Network_Address_Translation_(NAT)
"""

from __future__ import annotations

from moyai.domain.sandbox.spec import Intercept

TABLE = "moyai"


def interception(intercept: Intercept, *, ipv6: bool = False) -> str:
    """The rule set, for ``nft -f -``; given again it replaces itself. ``ipv6``: the task has such an address, too."""
    return _of_ipv4(intercept) + (_of_ipv6(intercept) if ipv6 else "")


def _of_ipv6(intercept: Intercept) -> str:
    ports = ", ".join(str(port) for port in sorted({*intercept.inbound_ports, intercept.ingress_port}))
    return f"""\
table ip6 {TABLE}
delete table ip6 {TABLE}
table ip6 {TABLE} {{
  chain closed {{
    type filter hook input priority filter; policy accept;
    iifname "eth0" tcp dport {{ {ports} }} reject with tcp reset
  }}
}}
"""


def _of_ipv4(intercept: Intercept) -> str:
    ports = ", ".join(str(port) for port in sorted(set(intercept.inbound_ports)))
    inbound = f'iifname "eth0" tcp dport {{ {ports} }} redirect to :{intercept.ingress_port}' if ports else ""
    return f"""\
table ip {TABLE}
delete table ip {TABLE}
table ip {TABLE} {{
  chain inbound {{
    type nat hook prerouting priority dstnat; policy accept;
    {inbound}
  }}
  chain outbound {{
    type nat hook output priority -100; policy accept;
    ip daddr {intercept.virtual_cidr} meta l4proto tcp redirect to :{intercept.egress_port}
  }}
  chain closed {{
    type filter hook input priority filter; policy accept;
    iifname "eth0" tcp dport {intercept.egress_port} reject with tcp reset
  }}
}}
"""
