"""Records as bytes: MessagePack of the tagged record, as msgspec writes it.

Promise: bytes that ``encode`` returned decode to an equal record; a record for which that isn't so
(a list where a tuple is due, None where it isn't allowed) is refused before it is stored, because
after a restart it would be somebody else's riddle. Secrets are written as they are, here and nowhere else: what keeps
them is the mode of the file.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from moyai.domain.world import AnyRecord
from moyai.kernel.secret import Secret
from moyai.ports.store import StoreFault

GARBAGE: Final = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a record may raise that was decoded from damaged bytes: a name that is none, a number out of its range."""


class UnreadableRecord(StoreFault):
    """These bytes are no record that we know."""


class Codec:
    """Encodes and decodes every kind of record. Not to be shared between threads."""

    def __init__(self) -> None:
        self._encoder = msgspec.msgpack.Encoder(enc_hook=_revealed)
        self._decoder: msgspec.msgpack.Decoder[AnyRecord] = msgspec.msgpack.Decoder(AnyRecord, dec_hook=_hidden)

    def encode(self, record: AnyRecord) -> bytes:
        """The record as bytes; TypeError when it would not come back equal."""
        body = self._encoder.encode(record)
        try:
            same = self._decoder.decode(body) == record
        except msgspec.ValidationError as exc:
            raise TypeError(f"{type(record).__name__} {record.key!r} has a member of the wrong type: {exc}") from exc
        if not same:
            raise TypeError(f"{type(record).__name__} {record.key!r} would come back changed")
        return body

    def decode(self, body: bytes) -> AnyRecord:
        """The record. Raises UnreadableRecord."""
        try:
            return self._decoder.decode(body)
        except (*GARBAGE, RecursionError) as exc:
            raise UnreadableRecord(f"a record can't be read: {exc}") from exc


def _revealed(value: object) -> str:
    if isinstance(value, Secret):
        return value.reveal()
    raise TypeError(f"a record can't hold a {type(value).__name__}")


def _hidden(kind: type, value: Any) -> Secret:  # noqa: ANN401 (whatever was read)
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise TypeError(f"this is no {kind.__name__}")
