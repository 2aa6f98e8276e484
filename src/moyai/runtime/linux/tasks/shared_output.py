"""The output of the host's proxy, divided among the logs of the tasks that share it.

Promise: a task's part is in the log directory of its proxy's container, as if a proxy of its own had written it, and
each entry is there once, even if the control plane is killed while it divides. Lines of a task that has no logs are
dropped. The rest of a line whose beginning is missing belongs to no task, so that no task can write another's entries;
where output is missing, every task's part says so. Blocking; called from several threads.

A range of the output is saved before it is divided, and each entry has the range's end. So a control plane that was
killed reads that range again after its restart, and skips tasks whose last entry is of that range.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final

import msgspec

from moyai.domain.sandbox.host_proxy import HOST_PROXY_NAME, HOST_SANDBOX
from moyai.domain.sandbox.shared_output import access_log_entry, named_task
from moyai.domain.sandbox.state import LogLine
from moyai.kernel.clock import Instant
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.shim.output import MISSING_OUTPUT, OutputLog
from moyai.runtime.linux.tasks import logs

_LINK: Final = ".proxy"
"""The link from a task's logs to those of its proxy's container. No container can have this name."""
_RANGE_FILE: Final = "divided.json"
_STDOUT: Final = "stdout"
_STDERR: Final = "stderr"
_START: Final = b"moyai: the proxy of this machine serves the task; what concerns the task follows"
_MISSING: Final = "moyai: output of the host's proxy is missing here"
_TAIL_BYTES: Final = 256 * 1024
"""More than the longest entry: a piece of a line as JSON, of at most six times LINE_LIMIT."""
_MAX_READS: Final = 16
"""Reads of the host's output at a time, about 1 MiB each."""


class _OutputRange(msgspec.Struct, frozen=True):
    """A range of positions in the output. ``tasks``: by stream, the task of a line that began before the range."""

    start: int = 0
    end: int = 0
    tasks: Mapping[str, TaskId | None] = {}


class _TaskLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A LogLine in a task's log. ``range_end``: the end of the range that it was read in."""

    at: Instant
    stream: str
    text: str
    range_end: int
    continues: bool = False


class _TaskLineEnd(msgspec.Struct, frozen=True):
    """The part of an entry that names its range; 0 for an entry that is not from the proxy's output."""

    range_end: int = 0


_RANGES: Final = msgspec.json.Decoder(_OutputRange)
_ENDS: Final = msgspec.json.Decoder(_TaskLineEnd)


def create(paths: RuntimePaths, task: TaskId, name: str) -> None:
    """Make the log directory of the proxy container that is called ``name`` and stands for the host's proxy. Its first
    line says where its log comes from: a task without requests has no other.
    """
    directory = paths.log(task, name)
    directory.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        (directory.parent / _LINK).symlink_to(name)
        log = OutputLog(str(directory))
        log.append(_STDERR, [_START])
        log.close()


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

    def end(self) -> int:
        """The position behind the output that exists now."""
        return logs.output_end(self._directory)

    def divide(self) -> int:
        """Write new output to the logs of its tasks, as far as _MAX_READS allow. Returns the position that was reached.
        Raises OSError.
        """
        with self._lock:
            last, self._range = self._range or self._divide_again(), None  # after an error, this range is divided again
            if self.end() < last.end:  # the directory was removed, and made anew
                last = _OutputRange()
            for _ in range(_MAX_READS):
                lines, position = logs.read_with_gaps(self._directory, last.end)
                if position <= last.end:
                    break
                last = _OutputRange(last.end, position, last.tasks)
                self._save(last)
                last = self._divide_range(last, lines)
            self._range = last
            return last.end

    def _divide_again(self) -> _OutputRange:
        """Divide the saved range, in which an earlier process may have been killed, to its end. Returns the range."""
        saved = self._load()
        if saved.end == saved.start:
            return saved
        return self._divide_range(saved, logs.read_with_gaps(self._directory, saved.start, saved.end)[0], again=True)

    def _divide_range(
        self, divided: _OutputRange, lines: Sequence[LogLine | None], *, again: bool = False
    ) -> _OutputRange:
        """Divide the lines of a range. Returns the range with the tasks of its last lines, which may go on after it."""
        entries: dict[TaskId, list[_TaskLine]] = {}
        tasks, is_marked = dict(divided.tasks), False
        at = next((line.at for line in lines if line is not None), Instant(0))
        for line in lines:
            at = at if line is None else line.at
            if line is None or _is_mark(line):
                marked: Sequence[TaskId] = () if is_marked else self._owners()
                for owner in marked:
                    entries.setdefault(owner, []).append(_TaskLine(at, _STDERR, _MISSING, divided.end))
                tasks, is_marked = {}, True
                continue
            task, text = (tasks.get(line.stream), line.text) if line.continues else _task_and_text(line)
            tasks[line.stream] = task
            if task is not None:
                entry = _TaskLine(at, line.stream, text, divided.end, line.continues)
                entries.setdefault(task, []).append(entry)
        for owner, own in entries.items():
            with suppress(FileNotFoundError):  # the task's logs have just been removed
                self._append(owner, own, again=again)
        return _OutputRange(divided.start, divided.end, tasks)

    def _owners(self) -> Sequence[TaskId]:
        """The tasks whose logs have a part of the output."""
        return [TaskId(link.parent.name) for link in self._paths.logs.glob(f"*/{_LINK}")]

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


def _is_mark(line: LogLine) -> bool:
    """Whether the line stands for lost lines. A client's text is never on this stream."""
    return line.stream == _STDERR and line.text == MISSING_OUTPUT and not line.continues


def _task_and_text(line: LogLine) -> tuple[TaskId | None, str]:
    """The task of a line that begins here, and the text of it in the task's log."""
    if line.stream == _STDOUT:
        return access_log_entry(line.text) or (None, "")
    return named_task(line.text), line.text


def _last_range_end(directory: Path) -> int:
    """The end of the range of a task's last entry."""
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
