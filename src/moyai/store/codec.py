"""Encodes records as MessagePack, with msgspec's tag for the type of the record.

Promise: the bytes of ``encode`` decode to an equal record. A record that would decode to another (a list instead of a
tuple, None where it is not allowed) is refused before it is stored, because the fault would only be found after a
restart. Secrets are written in clear text, here and nowhere else: the mode of the file protects them.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any, Final

import msgspec

from moyai.domain.record import StoredRecord
from moyai.domain.world import TABLES
from moyai.kernel.secret import Secret
from moyai.ports.store import StoreFault

GARBAGE: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""Exceptions that damaged bytes cause: a malformed name, a number out of range."""


class UnreadableRecord(StoreFault):
    """The bytes are no record of a known type."""


class RecordCodec:
    """Encodes and decodes records of every type. Not to be shared between threads."""

    def __init__(self) -> None:
        self._encoder = msgspec.msgpack.Encoder(enc_hook=_encode_secret)
        self._decoder: msgspec.msgpack.Decoder[StoredRecord] = msgspec.msgpack.Decoder(
            reduce(or_, TABLES), dec_hook=_decode_secret
        )

    def encode(self, record: StoredRecord) -> bytes:
        """The record as bytes. Raises TypeError when they would not decode to an equal record."""
        body = self._encoder.encode(record)
        try:
            same = self._decoder.decode(body) == record
        except msgspec.ValidationError as exc:
            raise TypeError(f"{type(record).__name__} {record.key!r} has a member of the wrong type: {exc}") from exc
        if not same:
            raise TypeError(f"{type(record).__name__} {record.key!r} would come back changed")
        return body

    def decode(self, body: bytes) -> StoredRecord:
        """Decode a record. Raises UnreadableRecord."""
        try:
            return self._decoder.decode(body)
        except (*GARBAGE, RecursionError) as exc:
            raise UnreadableRecord(f"a record can't be read: {exc}") from exc


def _encode_secret(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"a record can't hold a {type(value).__name__}")


def _decode_secret(kind: type, value: Any) -> Secret:  # noqa: ANN401 (any decoded value)
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise TypeError(f"this is no {kind.__name__}")
