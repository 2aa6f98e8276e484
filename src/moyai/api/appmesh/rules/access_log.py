"""Access logs.

Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy-logs.html
"""

from __future__ import annotations

from moyai.api.appmesh.rules.log_operators import faults_in
from moyai.api.appmesh.rules.text import Faults, file_path
from moyai.domain.appmesh.access_log import Logging, LoggingFormat


def logging(where: str, said: Logging | None) -> Faults:
    """Of a virtual node or a virtual gateway."""
    if said is None or said.access_log is None:
        return
    where = f"{where}.accessLog.file"
    yield from file_path(f"{where}.path", said.access_log.file.path)
    if said.access_log.file.format is not None:
        yield from _format(f"{where}.format", said.access_log.file.format)


def _format(where: str, said: LoggingFormat) -> Faults:
    if said.text is not None:
        yield from (f"{where}.text: {fault}" for fault in faults_in(said.text))
    keys: set[str] = set()
    for place, member in enumerate(said.json or ()):
        if member.key in keys:
            yield f"{where}.json[{place}].key: {member.key!r} is there twice."
        keys.add(member.key)
        yield from (f"{where}.json[{place}].value: {fault}" for fault in faults_in(member.value))
