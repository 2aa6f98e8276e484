"""What makes a connection between two proxies private, and who is believed at its far end."""

from __future__ import annotations

import msgspec

from moyai.kernel.secret import Secret


class Certificate(msgspec.Struct, frozen=True):
    """What a proxy shows, shared by name between all workloads that show it. ``chain``: PEM, the root left out."""

    name: str
    chain: str
    private: Secret


class Trust(msgspec.Struct, frozen=True):
    """Members that name ``issuer`` are only called when they show a certificate for ``name`` of one of the ``roots``
    (PEM).
    """

    issuer: str
    name: str
    roots: tuple[str, ...]
