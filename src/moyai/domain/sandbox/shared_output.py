"""The output of a host's proxy: each line of an access log begins with its task, by which the output is divided.

Promise: a task gets its own entries, as a proxy of its own would have written them, and no client of another task can
write one: what a client sends is behind the beginning of a line, and a line has no breaks. Envoy's own log is the
host's; a line of it that names a task is that task's, too.
"""

from __future__ import annotations

import re
from typing import Final

from moyai.kernel.ids import TaskId

JSON_MEMBER: Final = "!task"
"""The member with the task. Envoy sorts an object's members, so it is the first."""
_TASK: Final = r"([0-9a-f]{32})"
_TEXT: Final = re.compile(rf"{_TASK} (.*)", re.DOTALL)
_JSON: Final = re.compile(rf'\{{"{JSON_MEMBER}":"{_TASK}",(.*)', re.DOTALL)
_NAMED: Final = re.compile(rf"(?<![0-9a-f]){_TASK}(?![0-9a-f])")
_LOCAL_TARGET: Final = re.compile(r'envoy://[^" ]*/pass:\d+/')
"""The beginning of the name of an endpoint of the same Envoy; the end is the address that others have for it."""


def text_beginning(task: str) -> str:
    """The beginning of a line of text."""
    return f"{task} "


def access_log_entry(line: str) -> tuple[TaskId, str] | None:
    """The task of a line of an access log, and the line as the task's own proxy would have written it."""
    if (json := _JSON.match(line)) is not None:
        task, entry = json[1], f"{{{json[2]}"
    elif (text := _TEXT.match(line)) is not None:
        task, entry = text[1], text[2]
    else:
        return None
    return TaskId(task), _LOCAL_TARGET.sub("", entry).replace(f"{task}.", "")


def named_tasks(line: str) -> frozenset[TaskId]:
    """The tasks that a line of Envoy's own log names."""
    return frozenset(map(TaskId, _NAMED.findall(line)))
