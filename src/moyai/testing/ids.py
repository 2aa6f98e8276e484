"""Identifiers from a seed.

Promise: the same seed and the same calls give the same ids, on every machine.
"""

from __future__ import annotations

import string
from random import Random
from uuid import UUID

from typing_extensions import override

from moyai.kernel.ids import Ids


class SeededIds(Ids):
    """``Ids`` from a seed."""

    def __init__(self, seed: int = 0) -> None:
        self._random = Random(seed)  # noqa: S311 (repeatable is the point)

    @override
    def uuid(self) -> str:
        return str(UUID(int=self._random.getrandbits(128), version=4))

    @override
    def hex(self, digits: int) -> str:
        return self._draw("0123456789abcdef", digits)

    @override
    def decimal(self, digits: int) -> str:
        return self._draw("123456789", 1) + self._draw(string.digits, digits - 1)

    @override
    def alphanumeric(self, length: int) -> str:
        return self._draw(string.ascii_lowercase + string.digits, length)

    def _draw(self, letters: str, length: int) -> str:
        return "".join(self._random.choice(letters) for _ in range(length))
