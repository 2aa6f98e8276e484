"""The published schemas of resource types: their properties, and which of these can change.

``scripts/stack_schemas.py`` generates the file ``schemas.json`` from AWS's published schemas.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/resource-type-schemas.html
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Final

import msgspec


class Schema(msgspec.Struct, frozen=True):
    """The properties at the top level of a type's schema."""

    properties: frozenset[str]
    """The properties that a template may set."""
    required: frozenset[str] = frozenset()
    create_only: frozenset[str] = frozenset()
    read_only: frozenset[str] = frozenset()
    write_only: frozenset[str] = frozenset()
    """The properties that the service does not return, or not as they were set."""
    updated: frozenset[str] = frozenset()
    """The properties for which the updating operation has a member."""
    unsupported: frozenset[str] = frozenset()
    """The properties that moyai's row of the type can't set, because its operations have no member for them."""
    identifiers: tuple[str, ...] = ()
    """The properties by which a resource is imported into a stack."""
    is_open: bool = False
    """Whether a template may set other properties as well."""


NO_SCHEMA: Final = Schema(frozenset())


_DECODER: Final = msgspec.json.Decoder(dict[str, Schema])


@cache
def schemas() -> Mapping[str, Schema]:
    """The schemas by type."""
    return _DECODER.decode(files(__package__).joinpath("schemas.json").read_bytes())
