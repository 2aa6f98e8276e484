"""The output of a container, forwarded to another one of its task.

Source: https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class LogForwarding(msgspec.Struct, frozen=True):
    """Each line becomes an event of the Fluentd forward protocol, with the tag and the fields.

    ``container`` gets them. It listens on the Unix socket ``socket`` in the task's volume ``volume``. While it takes
    none, at most ``max_events`` wait, and later ones are lost.
    """

    container: str
    volume: str
    socket: str
    tag: str
    fields: Mapping[str, str]
    max_events: int
