"""Tasks behind a container instance (network mode ``bridge``): their links end in the instance's own namespace.

Promise: a task behind an instance reaches what the instance reaches, with the instance's address and security groups.
From outside, only forwarded ports of the instance lead to tasks. Tasks behind one instance reach each other, as on
Docker's bridge, also through the instance's ports, and the instance's daemons at a fixed address. The instance's
namespace checks the task's source address, and the VPC's router checks the instance's. For the network thread only;
errors: SandboxFailed.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/networking-networkmode-bridge.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pyroute2

from moyai.domain.ecs.daemon import DAEMON_ADDRESS
from moyai.domain.sandbox.network import AwsvpcNetwork, BridgeNetwork
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import SandboxFailed
from moyai.runtime.linux.network import namespaces
from moyai.runtime.linux.network.configure import apply_rules, query_rules, sandbox_errors, set_sysctl
from moyai.runtime.linux.network.connection_limits import disable_reverse_path_filter, limit_instance_connections
from moyai.runtime.linux.network.interface_names import task_link
from moyai.runtime.linux.network.veth import LinkAddress, VethLink, connect

TABLE = "moyai_bridge"

_PROTOCOLS = ("tcp", "udp")
_MAP_ELEMENT = re.compile(r"(\d+) : ([0-9.]+) \. \d+")


def enable_bridge(netns: Path, network: AwsvpcNetwork, bridge: str) -> None:
    """Let an instance's namespace forward to tasks, of which there are none yet."""
    with (
        sandbox_errors("the container instance can't have a bridge"),
        namespaces.inside(netns),
        pyroute2.IPRoute() as links,
    ):
        disable_reverse_path_filter()
        apply_rules(bridge_rules(network.address, bridge))
        limit_instance_connections()
        links.addr("replace", index=1, address=DAEMON_ADDRESS, prefixlen=32)
        links.route("replace", dst=bridge, type="unreachable")  # packets to absent tasks must not go to the VPC
        set_sysctl("ipv4/ip_forward", "1")


def connect_to_instance(task: TaskId, network: BridgeNetwork, instance: Path, netns: Path) -> None:
    """Make a task's namespace behind the instance, and forward the instance's ports to it."""
    if not namespaces.exists(instance):
        raise SandboxFailed(f"the container instance {network.instance} is not there")
    bridge = IPv4Network(network.bridge)
    address = LinkAddress(network.address, str(bridge.network_address + 1), bridge.prefixlen)
    connect(task_link(task), VethLink(_mac(network.address), (address,)), instance, netns)
    with sandbox_errors("the instance's ports can't be forwarded to the task"), namespaces.inside(instance):
        apply_rules("".join(_forwarding_rules(network)))


def remove_forwarded_ports(instance: Path, address: str) -> None:
    """Stop forwarding ports of the instance to this address. Does nothing if the instance is gone."""
    if not namespaces.exists(instance):
        return
    with sandbox_errors("the instance's ports can't be taken back"), namespaces.inside(instance):
        for protocol in _PROTOCOLS:
            elements = _MAP_ELEMENT.findall(query_rules(f"list map ip {TABLE} {protocol}_ports"))
            ports = ", ".join(port for port, target in elements if target == address)
            if ports:
                apply_rules(f"delete element ip {TABLE} {protocol}_ports {{ {ports} }}\n")


def bridge_rules(address: str, bridge: str) -> str:
    """The script for an instance at ``address``; it replaces an earlier one and forwards no port yet."""
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


def _forwarding_rules(network: BridgeNetwork) -> Iterator[str]:
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
    """A MAC address derived from the IPv4 address, as Docker derives it."""
    return ":".join(("02:42", *(f"{byte:02x}" for byte in IPv4Address(address).packed)))
