"""Parameters of Parameter Store, and the names that they can have.

Promise: values, of whatever type, are ``Secret``; everything else of a record may be shown. A parameter keeps its
newest KEPT_VERSIONS versions; numbers are never used twice.
Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec

from moyai.domain.record import ArnRecord
from moyai.kernel.arn import arn, parse_arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ParameterArn
from moyai.kernel.scope import Scope
from moyai.kernel.secret import Secret

KEPT_VERSIONS: Final = 100
MAX_LEVELS: Final = 15
LONGEST_NAME: Final = 1011
NAME: Final = re.compile(r"/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*")
_RESERVED_PREFIX = re.compile(r"/?(aws|ssm)", re.IGNORECASE)
_RESOURCE = "parameter/"


class ParameterType(StrEnum):
    """The type of a value. A StringList is text with commas between its items."""

    STRING = "String"
    STRING_LIST = "StringList"
    SECURE_STRING = "SecureString"


class Tier(StrEnum):
    """The tier, on which the greatest length of a value depends."""

    STANDARD = "Standard"
    ADVANCED = "Advanced"


LONGEST_VALUE: Final[Mapping[Tier, int]] = MappingProxyType({Tier.STANDARD: 4096, Tier.ADVANCED: 8192})
"""The greatest length of a value in bytes."""


class ParameterVersion(msgspec.Struct, frozen=True):
    """A value, its time, and the ARN of the principal that set it."""

    number: int
    value: Secret
    modified_at: Instant
    modified_by: str
    labels: tuple[str, ...] = ()
    allowed_pattern: str | None = None
    """The regular expression that the whole value matched; it holds for later values until one brings another."""


class Parameter(ArnRecord, frozen=True, tag="parameter"):
    """A parameter; ``versions`` oldest first, at least one."""

    arn: ParameterArn
    name: str
    type: ParameterType
    versions: tuple[ParameterVersion, ...]
    tier: Tier = Tier.STANDARD
    description: str | None = None
    key_id: str | None = None
    """The requested KMS key, which has no effect."""
    data_type: str = "text"
    tags: Mapping[str, str] = {}

    @property
    def newest(self) -> ParameterVersion:
        """The version that is read by default."""
        return self.versions[-1]

    def version(self, selector: str) -> ParameterVersion | None:
        """The version with this number or label; the newest for an empty selector."""
        if not selector:
            return self.newest
        return next((v for v in self.versions if selector in {str(v.number), *v.labels}), None)


class ParameterReference(NamedTuple):
    """A reference to a parameter and its version; ``name``: as it was given, None if it was an ARN."""

    arn: ParameterArn
    name: str | None
    selector: str


def parameter_arn(scope: Scope, name: str) -> ParameterArn:
    """The ARN of a parameter; a leading slash of the name is ignored."""
    return ParameterArn(arn("ssm", scope, _RESOURCE + name.removeprefix("/")))


def parse_parameter_reference(scope: Scope, text: str) -> ParameterReference | None:
    """Parse ``name``, ``name:version`` or an ARN of either for a caller of ``scope``; None when it can be no
    parameter.
    """
    arn_parts = parse_arn(text)
    name = text if arn_parts is None else arn_parts.resource.removeprefix(_RESOURCE)
    name, _, selector = name.partition(":")
    if not NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        return None
    if arn_parts is None:
        return ParameterReference(parameter_arn(scope, name), name, selector)
    if arn_parts.service != "ssm" or not arn_parts.resource.startswith(_RESOURCE):
        return None
    return ParameterReference(parameter_arn(arn_parts.scope, name), None, selector)


def is_reserved(name: str) -> bool:
    """Whether the name has a prefix that is reserved for AWS."""
    return _RESERVED_PREFIX.match(name) is not None
