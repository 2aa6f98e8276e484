"""FireLens: one container of a task, the log router, gets the output of the others.

The router runs Fluent Bit or Fluentd with a configuration that is generated for it (``plan/task/router_config``). A
container with the log driver ``awsfirelens`` sends it each line in the Fluentd forward protocol; the options of that
driver are those of the router's output plugin, except for the few below.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_FirelensConfiguration.html,
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/firelens-taskdef.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

AWSFIRELENS: Final = "awsfirelens"
METADATA_OPTION: Final = "enable-ecs-log-metadata"
FILE_TYPE_OPTION: Final = "config-file-type"
FILE_OPTION: Final = "config-file-value"
BUFFER_OPTION: Final = "log-driver-buffer-limit"
INCLUDE_OPTION: Final = "include-pattern"
EXCLUDE_OPTION: Final = "exclude-pattern"
ROUTER_DIRECTORY: Final = "/var/run"
"""The path of its socket's directory in the router."""
DEFAULT_BUFFER: Final = 1_048_576
"""The default number of events that wait, as that of Docker's ``fluentd-buffer-limit``."""
LARGEST_BUFFER: Final = 536_870_912
_TRUE: Final = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE: Final = frozenset({"0", "f", "F", "FALSE", "false", "False"})
"""The texts that the ECS agent reads as true and as false: those of Go's ``strconv.ParseBool``."""
_NAME: Final = re.compile(r"[!-~]{1,256}")
_NUMBER: Final = re.compile(r"[0-9]{1,9}")


class FirelensType(StrEnum):
    """The program of a log router."""

    FLUENTD = "fluentd"
    FLUENTBIT = "fluentbit"


class FirelensConfiguration(msgspec.Struct, frozen=True):
    """The configuration of a log router."""

    type: FirelensType
    options: Mapping[str, str] = {}

    @property
    def adds_metadata(self) -> bool:
        """Whether each record gets the fields ``ecs_cluster``, ``ecs_task_arn`` and ``ecs_task_definition``."""
        return self.options.get(METADATA_OPTION, "true") in _TRUE

    @property
    def included_file(self) -> str | None:
        """The path of a file in the router's image that its configuration includes."""
        return self.options.get(FILE_OPTION)


def fault_in_router(configuration: FirelensConfiguration) -> str | None:
    """The fault in a log router's options; None if there is none."""
    options = configuration.options
    unknown = ", ".join(sorted(set(options) - {METADATA_OPTION, FILE_TYPE_OPTION, FILE_OPTION}))
    kind, path = options.get(FILE_TYPE_OPTION), options.get(FILE_OPTION)
    rules = (
        (not unknown, f"{unknown} not supported by moyai."),
        (options.get(METADATA_OPTION, "true") in _TRUE | _FALSE, f"{METADATA_OPTION} must be true or false."),
        (
            kind != "s3",
            f"{FILE_TYPE_OPTION} s3 is not supported by moyai: put the file into the router's image, and use file.",
        ),
        (kind in {None, "file"}, f"{FILE_TYPE_OPTION} must be file."),
        ((kind is None) == (path is None), f"{FILE_TYPE_OPTION} and {FILE_OPTION} need each other."),
        (
            path is None or (path.startswith("/") and path.isprintable()),
            f"{FILE_OPTION} must be an absolute path in the router's container.",
        ),
    )
    return next((f"firelensConfiguration.options: {words}" for holds, words in rules if not holds), None)


def fault_in_output(options: Mapping[str, str]) -> str | None:
    """The fault in the options of the driver ``awsfirelens``; None if there is none.

    Each option is a line of the router's configuration, so none may have several.
    """
    for name, value in options.items():
        if not _NAME.fullmatch(name):
            return f"logConfiguration.options: {name!r} is not the name of an option."
        if not value.replace("\t", " ").isprintable():
            return f"logConfiguration.options: {name} must be one line of printable characters."
    limit = options.get(BUFFER_OPTION, "0")
    if not _NUMBER.fullmatch(limit) or int(limit) > LARGEST_BUFFER:
        return f"logConfiguration.options: {BUFFER_OPTION} must be a number of events from 0 to {LARGEST_BUFFER}."
    return None


def buffered_events(options: Mapping[str, str]) -> int:
    """The greatest number of events that wait for the router; 0 stands for the default."""
    return int(options.get(BUFFER_OPTION, 0)) or DEFAULT_BUFFER
