"""The embedded server: the end of its process, which is known by its pid, and the version that has started it."""

from __future__ import annotations

import socket
import threading

from moyai.app.clock import SystemClock
from moyai.delegate.choice import Delegates
from moyai.delegate.embedded import EmbeddedServer, _end
from moyai.delegate.settings import DelegateChoice
from moyai.store.memory import MemoryStore


def test_a_process_whose_pid_a_thread_has_by_now_has_ended():
    stop, started = threading.Event(), threading.Event()
    pids: list[int] = []

    def wait():
        pids.append(threading.get_native_id())
        started.set()
        stop.wait()

    thread = threading.Thread(target=wait)
    thread.start()
    started.wait()
    try:
        _end(pids[0])
    finally:
        stop.set()
        thread.join()


def test_a_process_of_another_version_is_named_while_it_listens(tmp_path):
    (tmp_path / "version").write_text("0.2.0")
    older, newer = (EmbeddedServer(tmp_path, SystemClock(), version) for version in ("0.2.0", "0.3.0"))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "server.sock"))
        assert newer.other_version() is None
        listener.listen(0)
        for _ in range(3):  # also when the queue of connections is full
            assert newer.other_version() == "0.2.0"
        assert older.other_version() is None
        owners = Delegates(DelegateChoice(), newer, MemoryStore()).owners()
        assert {owner.other_version for owner in owners} == {"0.2.0"}
        (tmp_path / "version").unlink()
        assert newer.other_version() == "an unknown version"
    assert newer.other_version() is None
