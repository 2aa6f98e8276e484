"""The files that say who a task is and whom it knows: ``hosts``, ``hostname``, ``resolv.conf``.

There is no name server: ``resolv.conf`` names a port that nobody listens on, so an unknown name fails at once.
"""

from __future__ import annotations

from pathlib import Path

from moyai.domain.sandbox.spec import SandboxSpec


def write(spec: SandboxSpec, directory: Path) -> None:
    """Write the three files of a task into its directory."""
    own = [("127.0.0.1", "localhost"), (spec.network.address, spec.network.host_name)]
    lines = [*own, *((entry.address, entry.name) for entry in spec.hosts)]
    (directory / "hosts").write_text("".join(f"{address} {name}\n" for address, name in lines))
    (directory / "hostname").write_text(f"{spec.network.host_name}\n")
    (directory / "resolv.conf").write_text("nameserver 127.0.0.1\noptions attempts:1 timeout:1\n")
    for name in ("hosts", "hostname", "resolv.conf"):
        (directory / name).chmod(0o644)
