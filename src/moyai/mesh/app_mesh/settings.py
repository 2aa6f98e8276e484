"""What whoever runs App Mesh here can choose."""

from __future__ import annotations

import msgspec


class Settings(msgspec.Struct, frozen=True):
    """``passed_names``: server names (``*.example.com``) to which every virtual node may open TLS connections at port
    443, whatever its mesh filters; AWS's own APIs had that.
    """

    passed_names: tuple[str, ...] = ()
