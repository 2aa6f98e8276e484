"""The roots that callers trust, as PEM, the newest first.

Promise: while certificates are replaced by those of another root, both roots are trusted, because proxies may still
present the previous ones.
"""

from __future__ import annotations

from collections.abc import Iterable

_KEPT = 2
_BEGIN = "-----BEGIN CERTIFICATE-----"


def with_root(before: Iterable[str], root: str) -> tuple[str, ...]:
    """The roots that callers trust when there is a certificate of this root."""
    return (root, *(r for r in before if r != root))[:_KEPT]


def last_of(certificates: str) -> str:
    """The last of several certificates in one PEM."""
    return _BEGIN + certificates.rpartition(_BEGIN)[2]
