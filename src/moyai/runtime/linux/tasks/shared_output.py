"""The output of the host's proxy, divided among the logs of the tasks that share it.

Promise: a task's part is in the log directory of its proxy's container, as if a proxy of its own had written it, and
each entry is there once, whenever the process that divides is killed. Lines of a task that has no logs are dropped.
Blocking; called from several threads.

The range that is divided next is written down before, and each entry has the range's end. So the range that a killed
process was at is read again, and tasks whose last entry is of that range are passed over.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final

import msgspec

from moyai.domain.sandbox.host_proxy import HOST_PROXY_NAME, HOST_SANDBOX
from moyai.domain.sandbox.shared_output import access_log_entry, named_tasks
from moyai.domain.sandbox.state import LogLine
from moyai.kernel.clock import Instant
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.shim.output import OutputLog
from moyai.runtime.linux.tasks import logs

_LINK: Final = ".proxy"
"""The link from a task's logs to those of its proxy's container. No container can have this name."""
_RANGE_FILE: Final = "divided.json"
_STDOUT: Final = "stdout"
_TAIL_BYTES: Final = 64 * 1024
_MOST_READS: Final = 16
"""Reads of the host's output at a time, about 1 MiB each."""


class _OutputRange(msgspec.Struct, frozen=True):
    """A range of positions in the host's output. ``task``: that of a line which goes on from before it."""

    start: int = 0
    end: int = 0
    task: TaskId | None = None


class _TaskLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A LogLine in a task's log. ``range_end``: of the range that it was read in."""

    at: Instant
    stream: str
    text: str
    range_end: int
    continues: bool = False


class _TaskLineEnd(msgspec.Struct, frozen=True):
    """The part of an entry that tells its range; 0 for one that is not from the host's output."""

    range_end: int = 0


_RANGES: Final = msgspec.json.Decoder(_OutputRange)
_ENDS: Final = msgspec.json.Decoder(_TaskLineEnd)


def create(paths: RuntimePaths, task: TaskId, name: str) -> None:
    """Make the log directory of the proxy container that is called ``name`` and stands for the host's proxy."""
    directory = paths.log(task, name)
    directory.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        (directory.parent / _LINK).symlink_to(name)


class SharedOutput:
    """The output of one installation's host proxy."""

    def __init__(self, paths: RuntimePaths) -> None:
        self._paths = paths
        self._directory = paths.log(HOST_SANDBOX, HOST_PROXY_NAME)
        self._lock = Lock()
        self._range: _OutputRange | None = None

    def is_of(self, task: TaskId, name: str) -> bool:
        """Whether this container's output is a part of the host's proxy's."""
        directory = self._paths.log(task, name)
        with suppress(OSError):
            return (directory.parent / _LINK).readlink() == Path(name)
        return False

    def divide(self) -> None:
        """Write what has come since the last time to the logs of its tasks. Raises OSError."""
        with self._lock:
            last, self._range = self._range or self._divide_again(), None  # after an error, this range is divided again
            if logs.output_end(self._directory) < last.end:  # the directory was removed, and made anew
                last = _OutputRange()
            for _ in range(_MOST_READS):
                output = logs.read_output(self._directory, last.end)
                if output.position <= last.end:
                    break
                last = _OutputRange(last.end, output.position, last.task)
                self._save(last)
                last = self._divide_range(last, output.lines)
            self._range = last

    def _divide_again(self) -> _OutputRange:
        """The range that an earlier process wrote down, after it is divided completely."""
        saved = self._load()
        if saved.end == saved.start:
            return saved
        return self._divide_range(saved, logs.read_output(self._directory, saved.start, saved.end).lines, again=True)

    def _divide_range(self, divided: _OutputRange, lines: Sequence[LogLine], *, again: bool = False) -> _OutputRange:
        """Returns the range with the task of its last line, which may go on behind it."""
        entries: dict[TaskId, list[_TaskLine]] = {}
        task = divided.task
        for line in lines:
            if line.stream == _STDOUT:
                task, text = (task, line.text) if line.continues else access_log_entry(line.text) or (None, "")
                owners = frozenset({task} if task is not None else ())
            else:
                owners, text = named_tasks(line.text), line.text
            for owner in owners:
                entry = _TaskLine(line.at, line.stream, text, divided.end, line.continues)
                entries.setdefault(owner, []).append(entry)
        for owner, own in entries.items():
            self._append(owner, own, again=again)
        return _OutputRange(divided.start, divided.end, task)

    def _append(self, task: TaskId, entries: Sequence[_TaskLine], *, again: bool) -> None:
        directory = self._paths.logs / task / _LINK
        if not directory.is_dir() or (again and _last_range_end(directory) >= entries[-1].range_end):
            return
        log = OutputLog(str(directory))
        try:
            log.write(b"".join(msgspec.json.encode(entry) + b"\n" for entry in entries))
        finally:
            log.close()

    def _load(self) -> _OutputRange:
        try:
            return _RANGES.decode((self._directory / _RANGE_FILE).read_bytes())
        except (FileNotFoundError, msgspec.MsgspecError):
            return _OutputRange()

    def _save(self, divided: _OutputRange) -> None:
        new = self._directory / f"{_RANGE_FILE}.new"
        new.write_bytes(msgspec.json.encode(divided))
        new.replace(self._directory / _RANGE_FILE)


def _last_range_end(directory: Path) -> int:
    """The end of the range that a task's last entry is of."""
    return next((end for line in _last_lines(directory) if (end := _range_end(line))), 0)


def _last_lines(directory: Path) -> Iterator[bytes]:
    for name in ("current.log", "previous.log"):
        with suppress(FileNotFoundError), (directory / name).open("rb") as file:
            file.seek(max(file.seek(0, 2) - _TAIL_BYTES, 0))
            yield from reversed(file.read().splitlines())


def _range_end(line: bytes) -> int:
    try:
        return _ENDS.decode(line).range_end
    except msgspec.MsgspecError:  # a line that was cut, by a full disk or by the read
        return 0
