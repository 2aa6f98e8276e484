"""Rules of access logs.

Source: https://docs.aws.amazon.com/app-mesh/latest/userguide/envoy-logs.html
"""

from __future__ import annotations

from moyai.api.appmesh.rules.log_operators import faults_in
from moyai.api.appmesh.rules.text import Faults, file_path
from moyai.domain.appmesh.access_log import Logging, LoggingFormat


def logging(where: str, settings: Logging | None) -> Faults:
    """Faults of the logging of a virtual node or gateway."""
    if settings is None or settings.access_log is None:
        return
    where = f"{where}.accessLog.file"
    yield from file_path(f"{where}.path", settings.access_log.file.path)
    if settings.access_log.file.format is not None:
        yield from _format(f"{where}.format", settings.access_log.file.format)


def _format(where: str, settings: LoggingFormat) -> Faults:
    if settings.text is not None:
        yield from (f"{where}.text: {fault}" for fault in faults_in(settings.text))
    keys: set[str] = set()
    for place, member in enumerate(settings.json or ()):
        if member.key in keys:
            yield f"{where}.json[{place}].key: {member.key!r} is there twice."
        keys.add(member.key)
        yield from (f"{where}.json[{place}].value: {fault}" for fault in faults_in(member.value))
