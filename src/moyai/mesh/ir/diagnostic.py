"""What could not be compiled, as data: one broken piece never blanks the rest."""

from __future__ import annotations

import msgspec


class Diagnostic(msgspec.Struct, frozen=True):
    """``subject`` is the id of the record that causes it, ``message`` says what was left out and why."""

    subject: str
    message: str
