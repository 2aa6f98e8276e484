"""The user ids of sandboxes."""

from __future__ import annotations

from pathlib import Path

import pytest

from moyai.kernel.ids import TaskId
from moyai.ports.runtime import SandboxFailed
from moyai.runtime.linux import user_namespaces
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.shim.user_namespace import IDS
from moyai.runtime.linux.tasks import user_ids
from moyai.runtime.linux.tasks.user_ids import FIRST, RANGES, assign, first_id


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RuntimePaths:
    """The paths of an installation on a machine that can make user namespaces."""
    monkeypatch.setattr(user_namespaces, "missing_requirement", lambda *_: None)
    return RuntimePaths(tmp_path)


def first_id_of(paths: RuntimePaths, name: str) -> int:
    """The first id of a sandbox, which is made if it does not exist."""
    paths.task(TaskId(name)).mkdir(parents=True, exist_ok=True)
    return assign(paths, TaskId(name))


def test_every_sandbox_has_ids_of_its_own_which_it_keeps(paths):
    names = [f"t{n}" for n in range(200)]
    firsts = [first_id_of(paths, name) for name in names]
    assert len({first // IDS for first in firsts}) == 200
    assert all(FIRST <= first <= FIRST + (RANGES - 1) * IDS and first % IDS == 0 for first in firsts)
    assert [first_id_of(paths, name) for name in names] == firsts
    assert [first_id(paths.task(TaskId(name))) for name in names] == firsts


def test_ids_of_a_sandbox_that_is_being_removed_are_in_use(paths, monkeypatch):
    monkeypatch.setattr(user_ids, "RANGES", 2)
    first = first_id_of(paths, "one")
    paths.removing.mkdir(parents=True)
    paths.task(TaskId("one")).rename(paths.removing / "one")
    assert first_id_of(paths, "two") not in {0, first}


def test_all_ids_can_be_used_and_then_no_sandbox_gets_any(paths, monkeypatch):
    monkeypatch.setattr(user_ids, "RANGES", 3)
    assert len({first_id_of(paths, name) for name in "abc"}) == 3
    with pytest.raises(SandboxFailed, match="no user ids are left: 3 tasks have some"):
        first_id_of(paths, "d")
    (paths.task(TaskId("b")) / "users").unlink()
    assert first_id_of(paths, "d") > 0


def test_the_last_id_is_the_last_that_a_user_may_have():
    assert FIRST + RANGES * IDS == 2**31


@pytest.mark.parametrize("text", ["", "\0\0", "x"])
def test_a_damaged_record_is_no_ids(tmp_path, text):
    (tmp_path / "users").write_text(text)
    assert first_id(tmp_path) == 0


def test_a_machine_without_user_namespaces_assigns_none(paths, monkeypatch):
    monkeypatch.setattr(user_namespaces, "missing_requirement", lambda *_: "the kernel is too old")
    assert first_id_of(paths, "one") == 0
    assert list(paths.task(TaskId("one")).iterdir()) == []
