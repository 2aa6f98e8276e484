"""User namespaces that this machine can make, and file systems that can't map ids."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from moyai.runtime.linux import host, user_namespaces
from moyai.runtime.linux.network import namespaces
from moyai.runtime.linux.shim import syscalls
from moyai.runtime.linux.tasks.user_ids import FIRST


@pytest.mark.parametrize("release", ["5.18.19-generic", "4.19.0", "5.4.0-1"])
def test_an_old_kernel_is_named(monkeypatch, release):
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(release=release))
    assert user_namespaces.missing_requirement(FIRST) == f"the kernel {release} is older than 5.19"


@pytest.mark.root
def test_a_file_system_without_id_mapping_is_named_with_the_consequence(monkeypatch):
    [line] = [text for text in host.check_optional_features(Path("/proc/self")) if "ids" in text]
    assert line == f"the file system of /proc/self can't map ids: {user_namespaces.CONSEQUENCE}"


@pytest.mark.root
def test_a_namespace_that_the_kernel_refuses_is_named(monkeypatch):
    def refuse(*_: object) -> int:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(syscalls, "sleep_in_new_namespaces", refuse)
    reason = user_namespaces.missing_requirement(FIRST)
    assert reason == "the kernel refuses user namespaces (Operation not permitted)"
    assert os.geteuid() == 0


@pytest.mark.root
def test_paths_that_cannot_be_mapped_are_found_among_others(tmp_path):
    userns = tmp_path / "userns"
    user_namespaces.create(userns, FIRST, None)
    try:
        assert namespaces.exists(userns)
        paths = [Path("/proc/self"), tmp_path, tmp_path / "missing/below"]
        assert user_namespaces.unmappable(userns, paths) == [Path("/proc/self")]
    finally:
        namespaces.remove(userns)


@pytest.mark.root
def test_this_process_is_as_it_was_afterwards():
    """The user is changed for a moment, for one thread."""
    before = _identity()
    with user_namespaces.sleeping_child(FIRST) as child:
        assert (child / "uid_map").read_text().split() == ["0", str(FIRST), "65536"]
    assert not child.exists()
    assert _identity() == before


def _identity() -> list[str]:
    lines = Path("/proc/thread-self/status").read_text().splitlines()
    return [line for line in lines if line.startswith(("Uid", "Gid", "Cap", "Groups"))]
