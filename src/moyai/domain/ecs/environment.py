"""The environment of a container: variables, files and secrets.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class KeyValuePair(msgspec.Struct, frozen=True):
    """An environment variable with its value."""

    name: str = ""
    value: str = ""


class EnvironmentFileType(StrEnum):
    """The location of a file of environment variables."""

    S3 = "s3"


class EnvironmentFile(msgspec.Struct, frozen=True):
    """A file of environment variables, read when the container starts; ``value`` is an object's ARN."""

    value: str
    type: EnvironmentFileType


class ContainerSecret(msgspec.Struct, frozen=True):
    """An environment variable whose value is read when the container starts; see ``value_from.py``."""

    name: str
    value_from: str
