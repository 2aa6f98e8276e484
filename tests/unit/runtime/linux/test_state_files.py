"""Path components, records, launch configurations and logs."""

from __future__ import annotations

import itertools
import json
import threading

import msgspec
import pytest

from moyai.api.control.logs import LogQuery, select_lines
from moyai.app.clock import SystemClock
from moyai.domain.sandbox.state import ContainerPhase, LogLine
from moyai.kernel.clock import Instant
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import CannotCreate
from moyai.runtime.linux.launch import monitors
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.shim.launch_config import LaunchConfig, unpack
from moyai.runtime.linux.shim.output import FILE_LIMIT, LINE_LIMIT, OutputLog
from moyai.runtime.linux.shim.record import RecordFile, quote
from moyai.runtime.linux.tasks import logs, states


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc", "a\0b", "x" * 256, "-rf"])
def test_a_name_that_could_leave_its_directory_is_refused(tmp_path, name):
    paths = RuntimePaths(tmp_path)
    with pytest.raises(CannotCreate):
        paths.container(TaskId("1"), name)
    with pytest.raises(CannotCreate):
        paths.task(TaskId(name))


@pytest.mark.parametrize("text", ["", "plain", 'say "hi"\\', "line\nbreak\ttab\0", "舫い", "\x7f\u2028", "\ud800"])
def test_quoted_text_is_json(text):
    assert json.loads(quote(text)) == text.encode("utf-8", "replace").decode()


def test_a_record_is_read_as_it_was_written(tmp_path):
    record = RecordFile(str(tmp_path), str(tmp_path), "task", 2)
    record.phase, record.exit_code, record.finished_at, record.reason = "stopped", 137, 12.5, 'it said "no"'
    record.write()
    state = monitors.read_record(tmp_path)
    assert state is not None
    assert (state.attempt, state.phase, state.exit_code, state.finished_at) == (2, "stopped", 137, 12.5)
    assert state.reason == 'it said "no"'
    assert state.monitor_lives()


@pytest.mark.parametrize(("phase", "running"), [("starting", True), ("running", True), ("stopped", False)])
def test_a_container_is_not_running_once_its_living_monitor_has_recorded_the_end(tmp_path, phase, running):
    """Else a gateway that has just ended would not be started again."""
    record = RecordFile(str(tmp_path), str(tmp_path), "task", 1)
    record.phase = phase
    record.write()
    state = monitors.read_record(tmp_path)
    assert state is not None
    assert state.monitor_lives()
    assert state.is_running() == running


@pytest.mark.parametrize("written", [b"", b"\0" * 200, b'{"boot":"', b"\xff", b"{}"])
def test_a_damaged_record_counts_as_a_killed_container(tmp_path, written):
    """As a power cut may leave it: it must not keep the control plane from reading the others."""
    directory = tmp_path / "app"
    directory.mkdir()
    (directory / "state.json").write_bytes(written)
    state = states.container_state(TaskId("1"), directory)
    assert state is not None
    assert (state.phase, state.exit_code) == (ContainerPhase.STOPPED, 137)
    assert state.reason == "ContainerRuntimeError: the container's monitor was killed"
    monitors.kill_container(directory)


def test_a_container_has_ended_whose_pid_is_a_threads_by_now(tmp_path):
    """As after a restart of moyai's own container, which counts its processes anew in the same boot of the machine."""
    directory = tmp_path / "app"
    directory.mkdir()
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait)
    thread.start()
    assert thread.native_id is not None
    try:
        record = RecordFile(str(directory), str(tmp_path), "task", 1)
        record.phase, record.init, record.init_ticks = "running", thread.native_id, 1
        record.write()
        written = monitors.read_record(directory)
        assert written is not None
        of_a_thread = msgspec.structs.replace(written, monitor=thread.native_id, monitor_ticks=1)
        (directory / "state.json").write_bytes(msgspec.json.encode(of_a_thread))
        monitors.kill_container(directory)
    finally:
        ended.set()
        thread.join()


def test_a_launch_configuration_survives_encoding():
    order = LaunchConfig({"task": "t", "arguments": ("a", "b"), "environment": {"A": "b"}, "netns": None})
    assert vars(unpack(order.pack())) == vars(order)


async def test_logs_are_read_across_a_rotation_up_to_an_incomplete_line(tmp_path):
    log = OutputLog(str(tmp_path))
    log.append("stdout", [b"x" * LINE_LIMIT] * (FILE_LIMIT // LINE_LIMIT) + [b"last of the first"])
    log.append("stderr", [b"first of the second"])
    with (tmp_path / "current.log").open("ab") as file:
        file.write(b'{"at":1.0,"str')
    lines = [line async for line in logs.read_lines(tmp_path, SystemClock())]
    assert [line.text[:20] for line in lines[-2:]] == ["last of the first", "first of the second"]
    assert lines[-1] == LogLine(Instant(lines[-1].at), "stderr", "first of the second")


def fill(log, text):
    """Write lines until the file is rotated."""
    log.append("stdout", [text.encode() * (LINE_LIMIT // len(text))] * (FILE_LIMIT // LINE_LIMIT + 1))


async def test_a_reader_that_follows_misses_no_line_however_many_rotations_there_were(tmp_path):
    log = OutputLog(str(tmp_path))
    log.append("stdout", [b"first"])
    checks = itertools.count()

    async def has_ended():
        check = next(checks)
        if check == 1:
            fill(log, "aaaaa")
            fill(log, "bbbbb")
            log.append("stdout", [b"last"])
        return check > 0

    lines = [line.text[:5] async for line in logs.read_lines(tmp_path, SystemClock(), has_ended)]
    assert list(dict.fromkeys(lines)) == ["first", "aaaaa", "bbbbb", "last"]


@pytest.mark.parametrize("rotations", [0, 1, 2])
async def test_the_last_lines_are_followed_by_all_new_ones_across_rotations(tmp_path, rotations):
    log = OutputLog(str(tmp_path))
    log.append("stdout", [b"old"] * 50)

    def read(*, follow):
        if follow:
            for number in range(rotations):
                fill(log, f"new{number} ")
            log.append("stdout", [b"last"])
        return logs.read_lines(tmp_path, SystemClock())

    selection = LogQuery("task", "container", follow=True, tail=2)
    lines = [line.text[:4] async for line in select_lines(read, selection)]
    assert lines[:2] == ["old", "old"]
    newest = [f"new{number}" for number in range(rotations)][-1:]  # the log keeps two files
    assert list(dict.fromkeys(lines[2:])) == [*newest, "last"]
