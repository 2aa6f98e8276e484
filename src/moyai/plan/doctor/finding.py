"""A finding of ``moyai doctor``."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Severity(StrEnum):
    """The severity of a finding."""

    PROBLEM = "problem"
    WARNING = "warning"
    NOTE = "note"


class Finding(msgspec.Struct, frozen=True):
    """``kind`` is a word that stays the same from one version to the next; ``subject`` is a resource's ARN or name."""

    severity: Severity
    kind: str
    subject: str
    message: str
    remedy: str
