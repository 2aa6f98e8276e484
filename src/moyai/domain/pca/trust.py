"""Whom callers believe: roots as PEM, the newest first.

Promise: while a certificate is replaced by one of another root, both roots are believed: somebody may still show the
one before.
"""

from __future__ import annotations

from collections.abc import Iterable

_KEPT = 2
_BEGIN = "-----BEGIN CERTIFICATE-----"


def with_root(before: Iterable[str], root: str) -> tuple[str, ...]:
    """Whom callers believe once a certificate of this root is there."""
    return (root, *(r for r in before if r != root))[:_KEPT]


def last_of(certificates: str) -> str:
    """The last of several certificates in one PEM."""
    return _BEGIN + certificates.rpartition(_BEGIN)[2]
