"""What a request is changed to on its way."""

from __future__ import annotations

import msgspec


class Rewrite(msgspec.Struct, frozen=True, omit_defaults=True):
    """``host``: the new ``:authority``. Of the path, either ``prefix`` (in place of what the rule's path matched as a
    prefix) or ``path`` (the whole of it, without its query). ``headers`` are set, whatever the client sent;
    ``without`` are taken away.
    """

    host: str | None = None
    prefix: str | None = None
    path: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    without: tuple[str, ...] = ()
