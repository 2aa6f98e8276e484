"""Identifiers from a seed.

Promise: the same seed and the same calls give the same ids, on every machine.
"""

from __future__ import annotations

import string
from random import Random
from uuid import UUID


class SeededIds:
    """``Ids`` from a seed."""

    def __init__(self, seed: int = 0) -> None:
        self._random = Random(seed)  # noqa: S311 (repeatable is the point)

    def uuid(self) -> str:
        """See ``Ids.uuid``."""
        return str(UUID(int=self._random.getrandbits(128), version=4))

    def hex(self, digits: int) -> str:
        """See ``Ids.hex``."""
        return self._draw("0123456789abcdef", digits)

    def decimal(self, digits: int) -> str:
        """See ``Ids.decimal``."""
        return self._draw("123456789", 1) + self._draw(string.digits, digits - 1)

    def alphanumeric(self, length: int) -> str:
        """See ``Ids.alphanumeric``."""
        return self._draw(string.ascii_lowercase + string.digits, length)

    def _draw(self, letters: str, length: int) -> str:
        return "".join(self._random.choice(letters) for _ in range(length))
