"""Sandbox specifications are read by many threads at once, also right after the start."""

from __future__ import annotations

import subprocess
import sys

import pytest

from moyai.runtime.linux import user_namespaces
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.tasks import sandboxes, states
from tests.contract.runtime.adapters import sandbox

READERS = """
import sys
import threading
from pathlib import Path

from moyai.kernel.ids import TaskId
from moyai.runtime.linux.tasks import sandboxes
from moyai.runtime.linux.runtime_paths import RuntimePaths

paths, task, together = RuntimePaths(Path(sys.argv[1])), TaskId(sys.argv[2]), threading.Barrier(4)
read = []


def look():
    together.wait()
    read.append(sandboxes.load(paths, task))


sys.setswitchinterval(1e-6)
threads = [threading.Thread(target=look) for _ in range(together.parties)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert len(read) == 4 and None not in read and len(set(map(repr, read))) == 1, read
"""


@pytest.fixture
def saved_task(tmp_path):
    spec = sandbox()
    paths = RuntimePaths(tmp_path)
    paths.task(spec.task).mkdir(parents=True)
    sandboxes.save(paths, spec)
    return spec.task


def test_the_first_reads_may_be_concurrent(tmp_path, saved_task):
    """Six processes, as each has only one first time. Two of five ended by SIGSEGV once."""
    command = [sys.executable, "-X", "faulthandler", "-c", READERS, str(tmp_path), saved_task]
    for _ in range(6):
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr


def test_the_state_of_a_sandbox_says_why_it_has_no_user_namespace(tmp_path, saved_task, monkeypatch):
    reason = "the kernel 5.4.0 is older than 5.19"
    monkeypatch.setattr(user_namespaces, "missing_requirement", lambda *_: reason)
    state = states.inspect(RuntimePaths(tmp_path), saved_task)
    assert state is not None
    assert state.missing_user_namespace == reason
