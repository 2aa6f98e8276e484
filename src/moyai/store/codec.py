"""Encodes records as MessagePack, with msgspec's tag for the type of the record, and computes the checksums of rows.

Promise: the bytes of ``encode`` decode to an equal record. A record that would decode to a different one (a list
instead of a tuple, None where it is not allowed) is refused before it is stored, because the fault would otherwise
appear after a restart. Secrets are written in clear text here and nowhere else: the mode of the file protects them. A
row has a checksum because SQLite's pages have none; it detects damage, not deliberate changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final
from zlib import crc32

import msgspec

from moyai.domain.record import StoredRecord
from moyai.domain.world import TABLES, table_name
from moyai.kernel.secret import Secret
from moyai.ports.store import StoreFault

DAMAGE_ERRORS: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""Exceptions that reading damaged bytes raises: a malformed name, a number out of range."""
_TYPES: Final[Mapping[str, type[StoredRecord]]] = MappingProxyType({table_name(kind): kind for kind in TABLES})


class UnreadableRecord(StoreFault):
    """The bytes are not a record of a known type."""


class RecordCodec:
    """Encodes and decodes records of every type. Must not be shared between threads.

    The decoder of a type is made for its first record: an installation uses few of the types, and msgspec takes a tenth
    of a second for all of them.
    """

    def __init__(self) -> None:
        self._encoder = msgspec.msgpack.Encoder(enc_hook=_encode_secret)
        self._decoders: dict[type[StoredRecord], msgspec.msgpack.Decoder[StoredRecord]] = {}

    def encode(self, record: StoredRecord) -> bytes:
        """The record as bytes. Raises TypeError when they would not decode to an equal record."""
        body = self._encoder.encode(record)
        try:
            same = self._decoder(type(record)).decode(body) == record
        except msgspec.ValidationError as exc:
            raise TypeError(f"{type(record).__name__} {record.key!r} has a member of the wrong type: {exc}") from exc
        if not same:
            raise TypeError(f"{type(record).__name__} {record.key!r} would come back changed")
        return body

    def decode(self, table: str, body: bytes) -> StoredRecord:
        """Decode a record of this table. Raises UnreadableRecord."""
        record_type = _TYPES.get(table)
        if record_type is None:
            raise UnreadableRecord(f"there are no records of the kind {table!r}")
        try:
            return self._decoder(record_type).decode(body)
        except (*DAMAGE_ERRORS, RecursionError) as exc:
            raise UnreadableRecord(f"a record can't be read: {exc}") from exc

    def _decoder(self, record_type: type[StoredRecord]) -> msgspec.msgpack.Decoder[StoredRecord]:
        decoder = self._decoders.get(record_type)
        if decoder is None:
            decoder = self._decoders[record_type] = msgspec.msgpack.Decoder(record_type, dec_hook=_decode_secret)
        return decoder


def checksum(*parts: str | bytes) -> int:
    """The CRC-32 of these parts, each with its length, so that moving a byte from one part to the next changes it."""
    total = 0
    for part in parts:
        content = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        total = crc32(content, crc32(len(content).to_bytes(8, "big"), total))
    return total


def meta_checksum(installation: str, created_at: float) -> int:
    """The checksum of the installation's identity."""
    return checksum(installation, repr(created_at))


def _encode_secret(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"a record can't hold a {type(value).__name__}")


def _decode_secret(kind: type, value: Any) -> Secret:  # noqa: ANN401 (any decoded value)
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise TypeError(f"this is no {kind.__name__}")
