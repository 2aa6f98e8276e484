"""How the network namespace of the calling thread is configured: ``nft``, netlink and ``/proc/sys/net``.

Only for the network thread (see namespaces.py).
"""

from __future__ import annotations

import contextlib
import socket
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyroute2

from moyai.ports.runtime import CannotCreate, SandboxFailed

_NFT_TIMEOUT = 20
_EXISTS, _NO_DEVICE = 17, 19


@contextlib.contextmanager
def sandbox_errors(failure: str) -> Iterator[None]:
    """Raise what the kernel refuses, or has no room for, as SandboxFailed, with ``failure`` in front of the reason."""
    try:
        yield
    except (CannotCreate, OSError, pyroute2.NetlinkError, subprocess.SubprocessError) as error:
        raise SandboxFailed(f"{failure}: {error}") from error


def apply_rules(script: str) -> None:
    """Run an nft script, all of it or nothing. Raises SandboxFailed with nft's own words."""
    _run_nft(["nft", "-f", "-"], script, "the rules")


def query_rules(query: str) -> str:
    """Nft's answer to a query, with numbers instead of names. Raises SandboxFailed with nft's own words."""
    return _run_nft(["nft", "-n", *query.split()], "", query)


def _run_nft(command: Sequence[str], script: str, subject: str) -> str:
    try:
        result = subprocess.run(  # noqa: S603 - nft, wherever it is on this system
            command, input=script.encode(), capture_output=True, timeout=_NFT_TIMEOUT, check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise SandboxFailed(f"nft can't be run: {error}") from error
    if result.returncode != 0:
        raise SandboxFailed(f"nft refused {subject}: {result.stderr.decode(errors='replace').strip()}")
    return result.stdout.decode(errors="replace")


def set_sysctl(name: str, value: str) -> None:
    """Set the kernel parameter ``net/<name>``. Does nothing where the kernel has no such parameter (IPv6 is off)."""
    path = Path("/proc/sys/net", name)
    if path.exists():
        path.write_text(value)


def read_sysctl(name: str) -> str:
    """The kernel parameter ``net/<name>``. Raises OSError."""
    return Path("/proc/sys/net", name).read_text().strip()


def link_indexes(name: str) -> list[int]:
    """The index of the link of this name; empty if there is none. A query of netlink takes a thousand times as long."""
    try:
        return [socket.if_nametoindex(name)]
    except OSError:
        return []


@contextlib.contextmanager
def ignore_existing() -> Iterator[None]:
    """Ignore netlink's refusal to make what exists already."""
    try:
        yield
    except pyroute2.NetlinkError as error:
        if error.code != _EXISTS:
            raise


def delete_links(links: pyroute2.IPRoute, indexes: Iterable[int]) -> None:
    """Delete links. A link that has disappeared with its other end is ignored."""
    for index in indexes:
        try:
            links.link("del", index=index)
        except pyroute2.NetlinkError as error:
            if error.code != _NO_DEVICE:
                raise
