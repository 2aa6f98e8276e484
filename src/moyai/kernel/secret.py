"""A text that must not be shown.

Promise: only ``reveal`` returns the text, so its uses are easy to find. ``repr`` hides it, and encoders refuse it
(msgspec, JSON and pickle do not know the type), so encoding a response or a snapshot with a secret fails. Only the
store's codec writes it.
"""

from __future__ import annotations


class Secret:
    """A secret text, which is compared and hashed by its value."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret text, to pass to what needs it and nowhere else."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> str:
        raise TypeError("only the store may write a secret")
