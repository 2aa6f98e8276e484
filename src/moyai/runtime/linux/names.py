"""The files that say who a task is and whom it knows: ``hosts``, ``hostname``, ``resolv.conf``.

The name server is the VPC's, two above the first address of its range, and the search domain is that of the task's
own name, as in a VPC. While the control plane is down nobody listens there, and the router says so at once.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
"""

from __future__ import annotations

from ipaddress import IPv4Network
from pathlib import Path

from moyai.domain.sandbox.spec import Network, SandboxSpec
from moyai.domain.vpc.default import resolver_address


def write(spec: SandboxSpec, directory: Path) -> None:
    """Write the three files of a task into its directory."""
    own = [("127.0.0.1", "localhost"), (spec.network.address, spec.network.host_name)]
    lines = [*own, *((entry.address, entry.name) for entry in spec.hosts)]
    (directory / "hosts").write_text("".join(f"{address} {name}\n" for address, name in lines))
    (directory / "hostname").write_text(f"{spec.network.host_name}\n")
    (directory / "resolv.conf").write_text(_resolver(spec.network))
    for name in ("hosts", "hostname", "resolv.conf"):
        (directory / name).chmod(0o644)


def _resolver(network: Network) -> str:
    domain = network.host_name.partition(".")[2]
    search = f"search {domain}\n" if domain else ""
    return f"nameserver {resolver_address(IPv4Network(network.vpc_cidr))}\n{search}options attempts:2 timeout:2\n"
