"""An input value that its member cannot have, and the path to the member.

Promise: a message names the member as the caller wrote it
(``containerDefinitions[0].portMappings[1].containerPort``). The readers keep no path while all goes
well; the exception gathers it on its way out, so that good requests pay nothing for bad ones.
"""

from __future__ import annotations

_SHOWN = 100  # characters of a map's key that a message repeats


class Misfit(Exception):
    """Input that does not fit its type: the reason, and in ``where`` the path to it, which is filled from the inside
    out.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self._where: list[str] = []

    def under(self, member: str) -> Misfit:
        """This misfit as part of a structure's ``member``."""
        return self.within(f".{member}")

    def at(self, index: int) -> Misfit:
        """This misfit as an item of a list."""
        return self.within(f"[{index}]")

    def under_key(self, key: str) -> Misfit:
        """This misfit as a value of a map."""
        return self.within(f"['{key[:_SHOWN]}']")

    def within(self, step: str) -> Misfit:
        """This misfit as part of a value; ``step`` is the part of the path that leads to it."""
        self._where.append(step)
        return self

    @property
    def where(self) -> str:
        """The path from the top of the request; empty for the request itself."""
        return "".join(reversed(self._where)).removeprefix(".")

    @property
    def message(self) -> str:
        """Path and reason in one sentence."""
        return f"{self.where or 'The request'}: {self.reason}"
