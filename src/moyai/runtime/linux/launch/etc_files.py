"""A task's ``/etc/hosts``, ``/etc/hostname`` and ``/etc/resolv.conf``.

The name server is the VPC's, at the first address of its range plus two, and the search domain is that of the task's
own name, as in AWS's VPCs. While the control plane is down nothing listens there, and the router refuses queries.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Sequence
from io import FileIO
from ipaddress import IPv4Network
from pathlib import Path
from typing import BinaryIO

from moyai.domain.sandbox.network import AnyNetwork, BridgeNetwork, HostName, NodesNetwork, NoNetwork
from moyai.domain.sandbox.spec import ContainerNames, SandboxSpec
from moyai.domain.vpc.default import resolver_address

_LOOPBACK = "127.0.0.1"
_MAX_BYTES = 1024 * 1024


def write_etc_files(spec: SandboxSpec, directory: Path) -> None:
    """Write the three files of a task into its directory."""
    own_names = (HostName(_LOOPBACK, "localhost"), HostName(_address(spec.network), spec.network.host_name))
    entries = dict.fromkeys((*own_names, *spec.hosts))
    (directory / "hosts").write_bytes(b"".join(_line(entry) + b"\n" for entry in entries))
    (directory / "hostname").write_text(f"{spec.network.host_name}\n")
    (directory / "resolv.conf").write_text(_resolver(spec.network))
    for name in ("hosts", "hostname", "resolv.conf"):
        (directory / name).chmod(0o644)


def write_container_files(names: ContainerNames, task: Path, container: Path) -> dict[str, Path]:
    """Write the files in which a container differs from its task into ``container``; returns their names and paths."""
    contents = {}
    if names.hosts:
        more = b"".join(_line(entry) + b"\n" for entry in names.hosts)
        contents["hosts"] = _read(task / "hosts") + more
    if names.host_name is not None:
        contents["hostname"] = f"{names.host_name}\n".encode()
    if names.servers or names.search:
        contents["resolv.conf"] = _container_resolver(
            names, _read(task / "resolv.conf").decode(errors="replace")
        ).encode()
    for name, content in contents.items():
        (container / name).write_bytes(content)
        (container / name).chmod(0o644)
    return {name: container / name for name in contents}


def update_hosts(hosts: Path, before: Sequence[HostName], after: Sequence[HostName]) -> None:
    """Change a task's hosts file in place, while containers read it: they have the file itself mounted, so it can't be
    replaced. An obsolete line becomes a comment by one byte, and new lines are appended by one write. Lines that are
    not in ``before`` are the containers' own and stay. Raises OSError, also if containers made the file too large.
    """
    obsolete = {_line(entry) for entry in set(before) - set(after)}
    with open(hosts, "r+b", buffering=0) as file:  # noqa: PTH123 (unbuffered: one write is one change)
        content = _read_bounded(file)
        lines = list(_lines(content))
        for offset, line in lines:
            if line in obsolete:
                os.pwrite(file.fileno(), b"#", offset)
        present = {line for _, line in lines}
        missing = [line for line in map(_line, dict.fromkeys(after)) if line not in present]
        if missing:
            separator = b"" if content.endswith(b"\n") or not content else b"\n"
            file.seek(0, os.SEEK_END)
            file.write(separator + b"".join(line + b"\n" for line in missing))


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return _read_bounded(file)


def _read_bounded(file: BinaryIO | FileIO) -> bytes:
    """The content of a file that containers may write. Raises OSError if it is too large."""
    content = file.read(_MAX_BYTES + 1)
    if len(content) > _MAX_BYTES:
        raise OSError(
            errno.EFBIG, f"a container made it larger than {_MAX_BYTES} bytes", f"/etc/{Path(file.name).name}"
        )
    return content


def _lines(text: bytes) -> Iterator[tuple[int, bytes]]:
    offset = 0
    for line in text.splitlines(keepends=True):
        yield offset, line.rstrip(b"\r\n")
        offset += len(line)


def _line(entry: HostName) -> bytes:
    return f"{entry.address} {entry.name}".encode()


def _container_resolver(names: ContainerNames, task_file: str) -> str:
    lines = [line for line in task_file.splitlines() if not (line.startswith("nameserver ") and names.servers)]
    lines = [line for line in lines if not (line.startswith("search ") and names.search)]
    search = [f"search {' '.join(names.search)}"] * bool(names.search)
    return "".join(f"{line}\n" for line in (*(f"nameserver {server}" for server in names.servers), *search, *lines))


def _address(network: AnyNetwork) -> str:
    return _LOOPBACK if isinstance(network, NoNetwork | NodesNetwork) else network.address


def _resolver(network: AnyNetwork) -> str:
    if isinstance(network, NoNetwork):
        return ""
    domain = network.domain if isinstance(network, BridgeNetwork) else network.host_name.partition(".")[2]
    search = f"search {domain}\n" if domain else ""
    return f"nameserver {resolver_address(IPv4Network(network.vpc_cidr))}\n{search}options attempts:2 timeout:2\n"
