"""The end of the embedded server, whose process is known by its pid."""

from __future__ import annotations

import threading

from moyai.delegate.embedded import _end


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
