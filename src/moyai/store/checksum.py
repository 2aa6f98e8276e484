"""A checksum of stored rows, because SQLite has none for its pages.

Promise: CRC-32 over the parts, each with its length, so that a flipped bit, or a byte that moved from one part to the
next, changes it. It does not protect against deliberate changes.
"""

from __future__ import annotations

from zlib import crc32


def checksum(*parts: str | bytes) -> int:
    """The checksum of these parts."""
    total = 0
    for part in parts:
        content = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        total = crc32(content, crc32(len(content).to_bytes(8, "big"), total))
    return total


def meta_checksum(installation: str, created_at: float) -> int:
    """The checksum of the installation's identity."""
    return checksum(installation, repr(created_at))
