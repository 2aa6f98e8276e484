"""A text that must not be shown.

Promise: it is read in one way only, ``reveal``, so whoever uses it says so. It prints as nothing, and no encoder takes
it (it is no type that msgspec, JSON or pickle know), so an answer or a snapshot that it gets into by mistake fails
instead of telling. The store's codec alone knows how to write it.
"""

from __future__ import annotations


class Secret:
    """Compares by what it holds; two equal ones have one hash."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """What it holds."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> str:
        raise TypeError("a secret is not written anywhere but in the store")
