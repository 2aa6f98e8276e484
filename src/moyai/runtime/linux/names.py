"""The files that say who a task is and whom it knows: ``hosts``, ``hostname``, ``resolv.conf``.

The name server is the VPC's, two above the first address of its range, and the search domain is that of the task's
own name, as in a VPC. While the control plane is down nobody listens there, and the router says so at once.
Source: https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator, Sequence
from io import FileIO
from ipaddress import IPv4Network
from pathlib import Path
from typing import BinaryIO

from moyai.domain.sandbox.spec import AnyNetwork, Bridged, HostName, Names, NoNetwork, SandboxSpec
from moyai.domain.vpc.default import resolver_address

_LOOPBACK = "127.0.0.1"
_LARGEST = 1024 * 1024


def write(spec: SandboxSpec, directory: Path) -> None:
    """Write the three files of a task into its directory."""
    own = (HostName(_LOOPBACK, "localhost"), HostName(_address(spec.network), spec.network.host_name))
    (directory / "hosts").write_bytes(b"".join(_line(entry) + b"\n" for entry in _once((*own, *spec.hosts))))
    (directory / "hostname").write_text(f"{spec.network.host_name}\n")
    (directory / "resolv.conf").write_text(_resolver(spec.network))
    for name in ("hosts", "hostname", "resolv.conf"):
        (directory / name).chmod(0o644)


def write_own(names: Names, task: Path, own: Path) -> dict[str, Path]:
    """Write into ``own`` those of a container's files in which it differs from its task; their names and paths."""
    written = {}
    if names.hosts:
        more = b"".join(_line(entry) + b"\n" for entry in names.hosts)
        written["hosts"] = _read(task / "hosts") + more
    if names.host_name is not None:
        written["hostname"] = f"{names.host_name}\n".encode()
    if names.servers or names.search:
        written["resolv.conf"] = _own_resolver(names, _read(task / "resolv.conf").decode(errors="replace")).encode()
    for name, content in written.items():
        (own / name).write_bytes(content)
        (own / name).chmod(0o644)
    return {name: own / name for name in written}


def rewrite(hosts: Path, before: Sequence[HostName], after: Sequence[HostName]) -> None:
    """Change a task's hosts file under those who read it. Containers have the file itself, not its name, so it can't be
    replaced; a line that goes is made a comment by one byte, and lines that come are appended by one write. Lines that
    are not in ``before`` are somebody else's and stay. Raises OSError, also when containers made it too large.
    """
    gone = {_line(entry) for entry in set(before) - set(after)}
    with open(hosts, "r+b", buffering=0) as file:  # noqa: PTH123 (unbuffered: one write is one change)
        found = _content(file)
        lines = list(_lines(found))
        for offset, line in lines:
            if line in gone:
                os.pwrite(file.fileno(), b"#", offset)
        there = {line for _, line in lines}
        missing = [line for line in map(_line, _once(after)) if line not in there]
        if missing:
            begin = b"" if found.endswith(b"\n") or not found else b"\n"
            file.seek(0, os.SEEK_END)
            file.write(begin + b"".join(line + b"\n" for line in missing))


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return _content(file)


def _content(file: BinaryIO | FileIO) -> bytes:
    """What is in a file that containers may write. Raises OSError when that is too much."""
    content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise OSError(errno.EFBIG, f"a container made it larger than {_LARGEST} bytes", f"/etc/{Path(file.name).name}")
    return content


def _lines(text: bytes) -> Iterator[tuple[int, bytes]]:
    offset = 0
    for line in text.splitlines(keepends=True):
        yield offset, line.rstrip(b"\r\n")
        offset += len(line)


def _line(entry: HostName) -> bytes:
    return f"{entry.address} {entry.name}".encode()


def _once(entries: Iterable[HostName]) -> Iterable[HostName]:
    return dict.fromkeys(entries)


def _own_resolver(names: Names, tasks: str) -> str:
    kept = [line for line in tasks.splitlines() if not (line.startswith("nameserver ") and names.servers)]
    kept = [line for line in kept if not (line.startswith("search ") and names.search)]
    search = [f"search {' '.join(names.search)}"] * bool(names.search)
    return "".join(f"{line}\n" for line in (*(f"nameserver {server}" for server in names.servers), *search, *kept))


def _address(network: AnyNetwork) -> str:
    return _LOOPBACK if isinstance(network, NoNetwork) else network.address


def _resolver(network: AnyNetwork) -> str:
    if isinstance(network, NoNetwork):
        return ""
    domain = network.domain if isinstance(network, Bridged) else network.host_name.partition(".")[2]
    search = f"search {domain}\n" if domain else ""
    return f"nameserver {resolver_address(IPv4Network(network.vpc_cidr))}\n{search}options attempts:2 timeout:2\n"
