"""Random identifiers from the operating system: the only module that draws random numbers.

Promise: no id can be guessed from another. Only this keeps one task from reading the metadata of another, because the
paths of the task metadata endpoint contain task ids.
"""

from __future__ import annotations

import secrets
import string
from typing import Final
from uuid import UUID

from typing_extensions import override

from moyai.kernel.ids import Ids

_ALPHANUMERIC: Final = string.ascii_lowercase + string.digits
_UUID_BITS: Final = 128
_UUID_VERSION: Final = 4


class SystemIds(Ids):
    """``Ids`` made from the kernel's random numbers."""

    @override
    def uuid(self) -> str:
        """A random UUID (version 4, RFC 9562) in its 36-character lower-case form."""
        return str(UUID(int=secrets.randbits(_UUID_BITS), version=_UUID_VERSION))

    @override
    def hex(self, digits: int) -> str:
        return draw(string.digits + "abcdef", digits)

    @override
    def decimal(self, digits: int) -> str:
        """Decimal digits, the first of them not 0."""
        return draw("123456789", min(digits, 1)) + draw(string.digits, digits - 1)

    @override
    def alphanumeric(self, length: int) -> str:
        """Lower-case letters and digits, as in Cloud Map's ids."""
        return draw(_ALPHANUMERIC, length)


def draw(letters: str, length: int) -> str:
    """``length`` letters, each drawn from ``letters`` with equal probability; none when it is not positive."""
    return "".join(secrets.choice(letters) for _ in range(length))
