"""A container's output by position: each line once, across rotations, new monitors and incomplete lines."""

from __future__ import annotations

import resource
from contextlib import contextmanager

import pytest

from moyai.runtime.linux.shim import output
from moyai.runtime.linux.shim.output import MISSING_OUTPUT, OutputLog
from moyai.runtime.linux.tasks import logs


def read_on(directory, after):
    lines_read, position = logs.read_output(directory, after)
    return [line.text for line in lines_read], position


def test_a_read_continues_at_the_position(tmp_path):
    log = OutputLog(str(tmp_path))
    assert read_on(tmp_path, 0)[0] == []
    log.append("stdout", [b"one", b"two"])
    lines, position = read_on(tmp_path, 0)
    assert lines == ["one", "two"]
    assert read_on(tmp_path, position) == ([], position)
    OutputLog(str(tmp_path)).append("stdout", [b"three"])
    assert read_on(tmp_path, position)[0] == ["three"]


@pytest.mark.parametrize("every", [1, 3, 7])
def test_each_line_is_read_once_across_rotations(tmp_path, monkeypatch, every):
    monkeypatch.setattr(output, "FILE_LIMIT", 500)
    log, position, lines_read = OutputLog(str(tmp_path)), 0, []
    for n in range(100):
        log.append("stdout", [str(n).encode()])
        if n % every == 0:
            lines, position = read_on(tmp_path, position)
            lines_read += lines
        if n % 10 == 9:
            log = OutputLog(str(tmp_path))
    lines_read += read_on(tmp_path, position)[0]
    assert lines_read == [str(n) for n in range(100)]


def test_discarded_lines_are_skipped(tmp_path, monkeypatch):
    monkeypatch.setattr(output, "FILE_LIMIT", 500)
    log = OutputLog(str(tmp_path))
    log.append("stdout", [b"first"])
    _, position = read_on(tmp_path, 0)
    for n in range(100):
        log.append("stdout", [str(n).encode()])
    lines, end = read_on(tmp_path, position)
    assert lines == [str(n) for n in range(100 - len(lines), 100)]
    assert end > position


def test_an_incomplete_line_is_skipped_and_reported(tmp_path):
    OutputLog(str(tmp_path)).append("stdout", [b"one"])
    with (tmp_path / "current.log").open("ab") as file:
        file.write(b'{"at":1.0,"str')
    assert read_on(tmp_path, 0)[0] == ["one"]
    for line in (b"two", b"three"):
        OutputLog(str(tmp_path)).append("stdout", [line])
    assert read_on(tmp_path, 0)[0] == ["one", MISSING_OUTPUT, "two", "three"]


@pytest.mark.parametrize("free_bytes", range(0, 200, 7))
def test_lines_lost_to_a_full_disk_are_reported_once(tmp_path, free_bytes):
    """Whatever byte is the last that the disk takes."""
    log = OutputLog(str(tmp_path))
    lines_read: list[str] = []
    log.append("stdout", [b"before"])
    lines, position = read_on(tmp_path, 0)
    with at_most((tmp_path / "current.log").stat().st_size + free_bytes):
        for n in range(5):
            log.append("stdout", [str(n).encode()])
            lines_read, position = (lines_read + read_on(tmp_path, position)[0], read_on(tmp_path, position)[1])
    log.append("stdout", [b"after"])
    log.append("stdout", [b"end"])
    lines_read += read_on(tmp_path, position)[0]
    remaining = len(lines_read) - 3
    assert (lines, lines_read) == (["before"], [*map(str, range(remaining)), MISSING_OUTPUT, "after", "end"])
    assert read_on(tmp_path, 0)[0] == [*lines, *lines_read]


def test_positions_stay_valid_when_the_disk_is_full_at_the_start(tmp_path):
    first = OutputLog(str(tmp_path))
    first.append("stdout", [b"x" * 300])
    _, position = read_on(tmp_path, 0)
    (tmp_path / "current.log").rename(tmp_path / "previous.log")
    with at_most(5):
        log = OutputLog(str(tmp_path))
        log.append("stdout", [b"lost"])
    log.append("stdout", [b"remaining"])
    assert read_on(tmp_path, position)[0] == [MISSING_OUTPUT, "remaining"]


@contextmanager
def at_most(size):
    """No file can have more bytes than this."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_read_is_bounded(tmp_path):
    log, lines_read, position = OutputLog(str(tmp_path)), [], 0
    for n in range(200):
        log.append("stdout", [f"{n} {'x' * 16000}".encode()])
    while True:
        lines, position = read_on(tmp_path, position)
        if not lines:
            break
        assert len(lines) < 100
        lines_read += lines
    assert [line.split()[0] for line in lines_read] == [str(n) for n in range(200)]


def test_a_line_that_is_too_long_does_not_hold_up_the_lines_behind_it(tmp_path):
    log = OutputLog(str(tmp_path))
    log.append("stdout", [b"before"])
    with (tmp_path / "current.log").open("ab") as file:
        file.write(b'{"at":1.0,"stream":"stdout","text":"' + 600 * 1024 * b"x" + b'"}\n')
    log.append("stdout", [b"behind"])
    first, position = read_on(tmp_path, 0)
    second, _ = read_on(tmp_path, position)
    assert first + second == ["before", "behind"]
