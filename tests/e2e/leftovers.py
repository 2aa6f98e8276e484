"""Everything that an installation has on this machine, and that must be gone after it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True)
class Leftovers:
    """Where to look: the state directory, and the installation's id, under which its control groups are."""

    state: Path
    installation: str

    @classmethod
    def of(cls, state: Path) -> Leftovers:
        """The leftovers of the installation with this state, which must still exist."""
        with closing(sqlite3.connect(f"file:{state / 'moyai.db'}?mode=ro", uri=True)) as database:
            rows = dict(database.execute("SELECT name, value FROM meta"))
        return cls(state.resolve(), str(rows["installation"]))

    def list_all(self) -> list[str]:
        """A line for each thing that is there."""
        return [
            *self.processes(),
            *self.mounts(),
            *self.groups(),
            *self.links(),
            *self.tables(),
            *self.disks(),
            *self.files(),
        ]

    def processes(self) -> Iterator[str]:
        """Processes that name the state, or are in one of the installation's groups."""
        yield from processes(str(self.state), f"/moyai/{self.installation}")

    def mounts(self) -> Iterator[str]:
        """Mounts under the state: pinned network namespaces and whatever else."""
        for line in (PROC / "self/mountinfo").read_text().splitlines():
            if f"{self.state}/" in line.split()[4] + "/":
                yield f"mount {line.split()[4]}"

    def groups(self) -> Iterator[str]:
        """Control groups, in every hierarchy that is mounted."""
        for folder in control_groups():
            if folder.endswith(f"/moyai/{self.installation}"):
                yield f"control group {folder}"

    def links(self) -> Iterator[str]:
        """Interfaces on the host: a task's or a subnet's never belongs there."""
        stdout = subprocess.run(["ip", "-json", "link"], capture_output=True, check=True).stdout
        for link in json.loads(stdout):
            kind = link.get("linkinfo", {}).get("info_kind", "")
            if link["ifname"].startswith("bac1f") or (kind == "veth" and len(link["ifname"]) == len("v0123456789abc")):
                yield f"interface {link['ifname']}"

    def tables(self) -> Iterator[str]:
        """Rules in the host's own firewall."""
        stdout = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True).stdout
        yield from (line for line in stdout.splitlines() if "moyai" in line)

    def disks(self) -> Iterator[str]:
        """Loop devices with files of the state behind them."""
        for file in Path("/sys/block").glob("loop*/loop/backing_file"):
            if f"{self.state}/" in _words(file):
                yield f"disk {file.parts[3]}"

    def files(self) -> Iterator[str]:
        """The files in the state directory."""
        if self.state.exists():
            yield from (f"file {path}" for path in self.state.iterdir())


def control_groups() -> Iterator[str]:
    """The directory of every control group. Other groups may be removed during the walk, at which a glob raises."""
    for hierarchy in hierarchies():
        yield from (folder for folder, _, _ in os.walk(hierarchy))


def hierarchies() -> list[Path]:
    """Where the hierarchies of control groups are mounted, those of version 1 and of version 2."""
    mounts = (line.partition(" - ") for line in (PROC / "self/mountinfo").read_text().splitlines())
    return [Path(mount.split()[4]) for mount, _, kind in mounts if kind.split()[0] in {"cgroup", "cgroup2"}]


def processes(*names: str) -> Iterator[str]:
    """Processes with one of these in their command line, their environment or their control groups."""
    wanted = [name.encode() for name in names]
    for folder in PROC.iterdir():
        if folder.name.isdigit() and any(name in text for text in _texts(folder) for name in wanted):
            yield f"process {folder.name}: {_words(folder / 'cmdline')}"


def _texts(folder: Path) -> list[bytes]:
    try:
        return [(folder / name).read_bytes() for name in ("cmdline", "environ", "cgroup")]
    except OSError:
        return []  # it has ended meanwhile


def _words(file: Path) -> str:
    try:
        return file.read_bytes().replace(b"\0", b" ").decode(errors="replace")[:200]
    except OSError:
        return "(ended)"
