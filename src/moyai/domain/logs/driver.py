"""What a log configuration may say, and where its lines go.

Promise: ``awslogs`` with AWS's options, ``json-file`` without any; each other driver and option is refused by name.
``max-buffer-size`` is what AWS holds before it drops lines; here at least BUFFER are held, so what asks for no more has it.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from moyai.domain.ecs.task_definition import LogConfiguration
from moyai.domain.logs.group import group_arn, stream_arn
from moyai.kernel.ids import AccountId, LogGroupArn, LogStreamArn, Region
from moyai.kernel.scope import Scope, is_region

AWSLOGS: Final = "awslogs"
JSON_FILE: Final = "json-file"
PREFIX: Final = "awslogs-stream-prefix"
BUFFER: Final = 16 * 1024 * 1024
"""Bytes of a container's output that are held when they can't be passed on."""
_NEEDED: Final = ("awslogs-region", "awslogs-group")
_CREATE: Final = "awslogs-create-group"
_KNOWN: Final = frozenset({*_NEEDED, PREFIX, _CREATE, "mode", "max-buffer-size"})
_NOT_YET: Final = frozenset({"awslogs-datetime-format", "awslogs-multiline-pattern"})
_GROUP: Final = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}")
_LONGEST_PREFIX: Final = 200
_SIZE: Final = re.compile(r"([0-9]{1,9})([kmg]?)b?", re.IGNORECASE)
_UNITS: Final = ("", "k", "m", "g")


class Destination(NamedTuple):
    """Where a container's lines go; ``create``: the group is made when it isn't there."""

    scope: Scope
    group: str
    stream: str
    create: bool

    @property
    def group_arn(self) -> LogGroupArn:
        """The group's ARN."""
        return group_arn(self.scope, self.group)

    @property
    def stream_arn(self) -> LogStreamArn:
        """The stream's ARN."""
        return stream_arn(self.group_arn, self.stream)


def destination(log: LogConfiguration | None, account: AccountId, container: str, task: str) -> Destination | None:
    """Where this container's lines go; None when they are only kept for ``moyai logs``."""
    if log is None or log.log_driver != AWSLOGS:
        return None
    options = log.options
    prefix = options.get(PREFIX)
    return Destination(
        scope=Scope(account, Region(options["awslogs-region"])),
        group=options["awslogs-group"],
        stream=f"{container}/{task}" if prefix is None else f"{prefix}/{container}/{task}",
        create=options.get(_CREATE) == "true",
    )


def fault_in(log: LogConfiguration) -> str | None:
    """What is wrong with it; None when nothing is."""
    if log.log_driver == JSON_FILE:
        names = ", ".join(sorted(log.options))
        return f"logConfiguration.options: {names} not supported by moyai for {JSON_FILE}." if names else None
    if log.log_driver != AWSLOGS:
        return (
            f"logConfiguration.logDriver: {log.log_driver} is not supported by moyai: use {AWSLOGS}, or {JSON_FILE}"
            " for moyai logs alone."
        )
    if any(not log.options.get(name) for name in _NEEDED):
        return f"Log driver {AWSLOGS} requires options: {', '.join(_NEEDED)}"
    unknown = sorted(set(log.options) - _KNOWN - _NOT_YET)
    if unknown:
        return f"Log driver {AWSLOGS} disallows options: {', '.join(unknown)}"
    if late := sorted(set(log.options) & _NOT_YET):
        return f"logConfiguration.options: {', '.join(late)} not supported by moyai: each line is an event."
    return _fault_in_values(log)


def _fault_in_values(log: LogConfiguration) -> str | None:
    options = log.options
    prefix = options.get(PREFIX, "x")
    size = options.get("max-buffer-size")
    if not is_region(options["awslogs-region"]):
        return "logConfiguration.options: awslogs-region is not a region."
    if not _GROUP.fullmatch(options["awslogs-group"]):
        return "logConfiguration.options: awslogs-group must match [.-_/#A-Za-z0-9], 1 to 512 of them."
    if not 0 < len(prefix) <= _LONGEST_PREFIX or ":" in prefix or "*" in prefix:
        return f"logConfiguration.options: {PREFIX} has 1 to {_LONGEST_PREFIX} characters, none of them : or *."
    if options.get(_CREATE, "true") not in {"true", "false"}:
        return f"logConfiguration.options: {_CREATE} must be true or false."
    if options.get("mode", "non-blocking") != "non-blocking":
        return "logConfiguration.options: mode must be non-blocking; blocking is not supported by moyai."
    if size is not None and not _fits(size):
        return f"logConfiguration.options: max-buffer-size must be a size (10m), here at most {BUFFER} bytes."
    return None


def _fits(size: str) -> bool:
    found = _SIZE.fullmatch(size)
    return found is not None and int(found[1]) * 1024 ** _UNITS.index(found[2].lower()) <= BUFFER
