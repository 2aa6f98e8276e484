"""The output of a host's proxy: each line of an access log begins with its task, by which the output is divided.

Promise: a task gets its own entries, as a proxy of its own would have written them, and no client of another task can
forge one: text from a client comes after the beginning of a line, and contains no line breaks. Text from a client is
not changed, only Envoy's own fields are. Envoy's own log belongs to the host; a line of it that names exactly one task
is given to that task, too.
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
_LOCAL: Final = r'envoy://[^" ]*/pass:\d{1,5}/'
"""The beginning of the name of an endpoint of the same Envoy; the end is the address that others have for it."""
_LOCAL_TARGET: Final = re.compile(_LOCAL)
_LOCAL_MEMBER: Final = re.compile(rf'("(?:upstream_host|downstream_local_address)":"){_LOCAL}')
"""A member with such a name. No value has an unescaped quote, so a client can't write one."""
_HTTP_QUOTES, _TCP_QUOTES = 12, 6
"""The quotes of a whole line of text. A field from a client has none: it is written with %22."""


def text_beginning(task: str) -> str:
    """The beginning of a line of text."""
    return f"{task} "


def access_log_entry(line: str) -> tuple[TaskId, str] | None:
    """The task of a line of an access log, and the line as the task's own proxy would have written it."""
    if (json := _JSON.match(line)) is not None:
        return TaskId(json[1]), _own_json(json[1], f"{{{json[2]}")
    if (text := _TEXT.match(line)) is not None:
        return TaskId(text[1]), _own_text(text[1], text[2])
    return None


def named_task(line: str) -> TaskId | None:
    """The task that a line of Envoy's own log names; None if it names none, or several."""
    names = frozenset(_NAMED.findall(line))
    return TaskId(*names) if len(names) == 1 else None


def _own_json(task: str, entry: str) -> str:
    cluster = '"upstream_cluster":"'
    return _LOCAL_MEMBER.sub(r"\1", entry).replace(f"{cluster}{task}.", cluster)


def _own_text(task: str, entry: str) -> str:
    """The line with its last two fields, and the second one of a TCP connection, as the task's own. A line that was cut
    stays as it is: its end is not Envoy's.
    """
    parts = entry.split('"')
    if len(parts) - 1 not in {_HTTP_QUOTES, _TCP_QUOTES}:
        return entry
    for index in (-2, 3) if len(parts) - 1 == _TCP_QUOTES else (-2,):
        parts[index] = _LOCAL_TARGET.sub("", parts[index], count=1)
    flags, _, cluster = parts[-1].rpartition(" ")
    parts[-1] = f"{flags} {cluster.removeprefix(f'{task}.')}"
    return '"'.join(parts)
