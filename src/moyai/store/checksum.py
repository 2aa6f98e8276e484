"""A number that tells whether what is read is what was written: SQLite has none for its pages.

Promise: CRC-32 over the parts, each with its length, so that a flipped bit in any of them, and a byte that moved from
one to the next, gives another number. It is no protection against somebody who means to change something.
"""

from __future__ import annotations

from zlib import crc32


def checksum(*parts: str | bytes) -> int:
    """The number of these."""
    total = 0
    for part in parts:
        content = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        total = crc32(content, crc32(len(content).to_bytes(8, "big"), total))
    return total


def meta_checksum(installation: str, created_at: float) -> int:
    """The number of what says whose a state is."""
    return checksum(installation, repr(created_at))
