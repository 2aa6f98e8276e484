"""The base classes of every record that is stored. A record's tag is the name of its table."""

from __future__ import annotations

import msgspec


class StoredRecord(msgspec.Struct, frozen=True, tag_field="table"):
    """A durable record. Each subclass has a ``tag``, and a table in ``domain/tables``."""

    @property
    def key(self) -> str:
        """The record's key, which is unique in its table."""
        raise NotImplementedError


class ArnRecord(StoredRecord, frozen=True):
    """A record whose key is its ARN."""

    arn: str

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return self.arn


class IdRecord(StoredRecord, frozen=True):
    """A record whose key is its id."""

    id: str

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return self.id
