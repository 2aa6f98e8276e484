"""How long a proxy waits.

Seconds; 0 means off. There is no "unset" here: whoever compiles the mesh fills in the default that
its AWS service documents, so that no default is left to be chosen further down.
"""

from __future__ import annotations

import msgspec


class TimeoutPolicy(msgspec.Struct, frozen=True):
    """``request``: from the whole request received to the whole response; HTTP only.

    ``idle``: without a byte in either direction, per stream (HTTP) or connection (TCP).
    """

    request: float
    idle: float
