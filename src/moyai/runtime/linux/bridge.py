"""Behind a container instance: tasks on ports of the instance's own namespace, as a VPC's tasks are on its router's.

Promise: a task behind an instance reaches what the instance reaches, and is the instance to whoever it reaches: its
groups and its address. From outside, only the instance's ports that were forwarded lead in; those behind it reach each
other, as behind Docker's bridge, also by way of the instance's ports. A task's own address is checked where it enters
the instance, and the instance's again where it enters the VPC. For the network thread only; errors: SandboxFailed.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/networking-networkmode-bridge.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from pyroute2 import IPRoute

from moyai.domain.sandbox.spec import Bridged, Network
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import SandboxFailed
from moyai.runtime.linux import netns, nft
from moyai.runtime.linux.connections import instance_rules
from moyai.runtime.linux.link import End, Link, plug
from moyai.runtime.linux.network import connection_capacity, sysctl, translated, trust_rules

TABLE = "moyai_bridge"

_PROTOCOLS = ("tcp", "udp")
_ELEMENT = re.compile(r"(\d+) : ([0-9.]+) \. \d+")


def open_up(pin: Path, network: Network, bridge: str) -> None:
    """Let tasks stand behind an instance: its namespace forwards, with nobody there yet."""
    with translated("tasks can't stand behind the container instance"), netns.inside(pin), IPRoute() as links:
        trust_rules()
        nft.apply(rules(network.address, bridge))
        nft.apply(instance_rules(connection_capacity()))
        links.route("replace", dst=bridge, type="unreachable")  # who isn't there is not looked for in the VPC
        sysctl("ipv4/ip_forward", "1")


def join(task: TaskId, network: Bridged, instance: Path, pin: Path) -> None:
    """Put a task's namespace behind the instance, and lead the instance's ports to it."""
    if not netns.is_pinned(instance):
        raise SandboxFailed(f"the container instance {network.instance} is not there")
    bridge = IPv4Network(network.bridge)
    end = End(network.address, str(bridge.network_address + 1), bridge.prefixlen)
    plug(task, Link(_mac(network.address), end), instance, pin)
    with translated("the instance's ports can't be led to the task"), netns.inside(instance):
        nft.apply("".join(_elements(network)))


def leave(instance: Path, address: str) -> None:
    """Lead no port to this address any more, whatever led there; nothing where the instance is gone."""
    if not netns.is_pinned(instance):
        return
    with translated("the instance's ports can't be taken back"), netns.inside(instance):
        for protocol in _PROTOCOLS:
            there = _ELEMENT.findall(nft.read(f"list map ip {TABLE} {protocol}_ports"))
            ports = ", ".join(port for port, leads_to in there if leads_to == address)
            if ports:
                nft.apply(f"delete element ip {TABLE} {protocol}_ports {{ {ports} }}\n")


def rules(address: str, bridge: str) -> str:
    """The rule set of an instance at ``address``, for ``nft -f -``; given again it replaces itself, without ports."""
    own = f"ip daddr {{ {address}, {IPv4Network(bridge).network_address + 1} }}"
    kind = "type inet_service : ipv4_addr . inet_service"
    maps = "".join(f"  map {protocol}_ports {{\n    {kind}\n  }}\n" for protocol in _PROTOCOLS)
    to_tasks = "\n    ".join(f"{own} dnat ip to {protocol} dport map @{protocol}_ports" for protocol in _PROTOCOLS)
    return f"""\
table ip {TABLE}
delete table ip {TABLE}
table ip {TABLE} {{
{maps}  chain arriving {{
    type nat hook prerouting priority dstnat; policy accept;
    {to_tasks}
  }}
  chain own {{
    type nat hook output priority -100; policy accept;
    {to_tasks}
  }}
  chain leaving {{
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr {bridge} oifname "eth0" masquerade
    ip saddr {bridge} ct status dnat masquerade
  }}
  chain through {{
    type filter hook forward priority filter; policy accept;
    iifname "eth0" ct state established,related accept
    iifname "eth0" ct status dnat accept
    iifname "eth0" drop
  }}
}}
"""


def _elements(network: Bridged) -> Iterator[str]:
    for protocol in _PROTOCOLS:
        elements = [
            f"{forward.host_port + n} : {network.address} . {forward.port + n}"
            for forward in network.ports
            if forward.protocol == protocol
            for n in range(forward.count)
        ]
        if elements:
            yield f"add element ip {TABLE} {protocol}_ports {{ {', '.join(elements)} }}\n"


def _mac(address: str) -> str:
    """As Docker forms them: after the address."""
    return ":".join(("02:42", *(f"{byte:02x}" for byte in IPv4Address(address).packed)))
