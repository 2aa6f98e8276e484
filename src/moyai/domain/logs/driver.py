"""Log configurations of containers, and the destinations of their output.

Promise: ``awslogs`` with AWS's options, ``json-file`` without any, and ``awsfirelens`` with those of the log router's
output plugin; each other driver and option is refused by name.
``max-buffer-size`` is the amount of output that is kept on disk while it can't be sent; it is at least 8 MiB.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_LogConfiguration.html
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from moyai.domain.ecs.firelens import AWSFIRELENS, fault_in_output
from moyai.domain.ecs.task_definition import LogConfiguration
from moyai.domain.logs.group import group_arn, stream_arn
from moyai.kernel.ids import AccountId, LogGroupArn, LogStreamArn, Region
from moyai.kernel.scope import Scope, is_region

AWSLOGS: Final = "awslogs"
JSON_FILE: Final = "json-file"
PREFIX: Final = "awslogs-stream-prefix"
LARGEST_BUFFER: Final = 256 * 1024 * 1024
_SIZE_OPTION: Final = "max-buffer-size"
_REQUIRED_OPTIONS: Final = ("awslogs-region", "awslogs-group")
_CREATE: Final = "awslogs-create-group"
_OPTIONS: Final = frozenset({*_REQUIRED_OPTIONS, PREFIX, _CREATE, "mode", _SIZE_OPTION})
_UNSUPPORTED_OPTIONS: Final = frozenset({"awslogs-datetime-format", "awslogs-multiline-pattern"})
_GROUP: Final = re.compile(r"[.\-_/#A-Za-z0-9]{1,512}")
_LONGEST_PREFIX: Final = 200
_SIZE: Final = re.compile(r"([0-9]{1,9})([kmg]?)b?", re.IGNORECASE)
_UNITS: Final = ("", "k", "m", "g")


class LogDestination(NamedTuple):
    """The log stream of a container; ``create``: the group is created if it does not exist."""

    scope: Scope
    group: str
    stream: str
    create: bool

    @property
    def group_arn(self) -> LogGroupArn:
        """The ARN of the log group."""
        return group_arn(self.scope, self.group)

    @property
    def stream_arn(self) -> LogStreamArn:
        """The ARN of the log stream."""
        return stream_arn(self.group_arn, self.stream)


def destination(log: LogConfiguration | None, account: AccountId, container: str, task: str) -> LogDestination | None:
    """The destination of a container's output; None if it is only kept for ``moyai logs``."""
    if log is None or log.log_driver != AWSLOGS:
        return None
    options = log.options
    prefix = options.get(PREFIX)
    return LogDestination(
        scope=Scope(account, Region(options["awslogs-region"])),
        group=options["awslogs-group"],
        stream=f"{container}/{task}" if prefix is None else f"{prefix}/{container}/{task}",
        create=options.get(_CREATE) == "true",
    )


def fault_in(log: LogConfiguration) -> str | None:
    """The fault in a log configuration; None if there is none."""
    if log.log_driver == AWSFIRELENS:
        return fault_in_output(log.options)
    if log.log_driver == AWSLOGS:
        return _fault_in_names(log) or _fault_in_values(log)
    if log.log_driver != JSON_FILE:
        return (
            f"logConfiguration.logDriver: {log.log_driver} is not supported by moyai: use {AWSLOGS}, {AWSFIRELENS}, or"
            f" {JSON_FILE} for moyai logs alone."
        )
    names = ", ".join(sorted(log.options))
    return f"logConfiguration.options: {names} not supported by moyai for {JSON_FILE}." if names else None


def buffer_bytes(log: LogConfiguration | None) -> int:
    """The size of the buffer in bytes that the driver ``awslogs`` is to have; 0 without a request."""
    size = None if log is None or log.log_driver != AWSLOGS else log.options.get(_SIZE_OPTION)
    match = None if size is None else _SIZE.fullmatch(size)
    return 0 if match is None else int(match[1]) * 1024 ** _UNITS.index(match[2].lower())


def _fault_in_names(log: LogConfiguration) -> str | None:
    if any(not log.options.get(name) for name in _REQUIRED_OPTIONS):
        return f"Log driver {AWSLOGS} requires options: {', '.join(_REQUIRED_OPTIONS)}"
    unknown = sorted(set(log.options) - _OPTIONS - _UNSUPPORTED_OPTIONS)
    if unknown:
        return f"Log driver {AWSLOGS} disallows options: {', '.join(unknown)}"
    if unsupported := sorted(set(log.options) & _UNSUPPORTED_OPTIONS):
        return f"logConfiguration.options: {', '.join(unsupported)} not supported by moyai: each line is an event."
    return None


def _fault_in_values(log: LogConfiguration) -> str | None:
    options = log.options
    prefix = options.get(PREFIX, "x")
    rules = (
        (is_region(options["awslogs-region"]), "awslogs-region is not a region."),
        (_GROUP.fullmatch(options["awslogs-group"]), "awslogs-group has 1 to 512 letters, digits and .-_/#."),
        (
            0 < len(prefix) <= _LONGEST_PREFIX and not {":", "*"} & set(prefix),
            f"{PREFIX} has 1 to {_LONGEST_PREFIX} characters, none of them : or *.",
        ),
        (options.get(_CREATE, "true") in {"true", "false"}, f"{_CREATE} must be true or false."),
        (
            options.get("mode", "non-blocking") == "non-blocking",
            "mode must be non-blocking; blocking is not supported by moyai.",
        ),
        (
            _SIZE_OPTION not in options or 0 < buffer_bytes(log) <= LARGEST_BUFFER,
            f"{_SIZE_OPTION} must be a size, as 25m, of at most {LARGEST_BUFFER} bytes.",
        ),
    )
    return next((f"logConfiguration.options: {words}" for holds, words in rules if not holds), None)
