"""A container's output by position: each line once, through rotations, new keepers and torn lines."""

from __future__ import annotations

import pytest

from moyai.runtime.linux import logs
from moyai.runtime.linux.shim import output
from moyai.runtime.linux.shim.output import Log


def read_on(directory, after):
    found, position = logs.output(directory, after)
    return [line.text for line in found], position


def test_goes_on_where_it_was(tmp_path):
    log = Log(str(tmp_path))
    assert read_on(tmp_path, 0)[0] == []
    log.append("stdout", [b"one", b"two"])
    lines, position = read_on(tmp_path, 0)
    assert lines == ["one", "two"]
    assert read_on(tmp_path, position) == ([], position)
    Log(str(tmp_path)).append("stdout", [b"three"])
    assert read_on(tmp_path, position)[0] == ["three"]


@pytest.mark.parametrize("every", [1, 3, 7])
def test_has_each_line_once_through_rotations(tmp_path, monkeypatch, every):
    monkeypatch.setattr(output, "FILE_LIMIT", 500)
    log, position, found = Log(str(tmp_path)), 0, []
    for n in range(100):
        log.append("stdout", [str(n).encode()])
        if n % every == 0:
            lines, position = read_on(tmp_path, position)
            found += lines
        if n % 10 == 9:
            log = Log(str(tmp_path))
    found += read_on(tmp_path, position)[0]
    assert found == [str(n) for n in range(100)]


def test_passes_over_what_is_no_longer_held(tmp_path, monkeypatch):
    monkeypatch.setattr(output, "FILE_LIMIT", 500)
    log = Log(str(tmp_path))
    log.append("stdout", [b"first"])
    _, position = read_on(tmp_path, 0)
    for n in range(100):
        log.append("stdout", [str(n).encode()])
    lines, end = read_on(tmp_path, position)
    assert lines == [str(n) for n in range(100 - len(lines), 100)]
    assert end > position


def test_a_line_that_was_cut_short_is_passed_over(tmp_path):
    Log(str(tmp_path)).append("stdout", [b"one"])
    with (tmp_path / "current.log").open("ab") as file:
        file.write(b'{"at":1.0,"str')
    assert read_on(tmp_path, 0)[0] == ["one"]
    Log(str(tmp_path)).append("stdout", [b"lost", b"two"][:1])
    Log(str(tmp_path)).append("stdout", [b"three"])
    assert read_on(tmp_path, 0)[0] == ["one", "three"]


def test_a_page_is_bounded(tmp_path):
    log, found, position = Log(str(tmp_path)), [], 0
    for n in range(200):
        log.append("stdout", [f"{n} {'x' * 16000}".encode()])
    while True:
        lines, position = read_on(tmp_path, position)
        if not lines:
            break
        assert len(lines) < 100
        found += lines
    assert [line.split()[0] for line in found] == [str(n) for n in range(200)]
