"""Index functions that several tables share."""

from __future__ import annotations

from typing import Protocol

from moyai.domain.ecs.task import NetworkInterface
from moyai.domain.keys import scope_key, scope_of
from moyai.kernel.scope import Scope


class _HasArn(Protocol):
    @property
    def arn(self) -> str: ...


class _HasScope(Protocol):
    @property
    def scope(self) -> Scope: ...


def scope_in_arn(record: _HasArn) -> tuple[str, ...]:
    """The account and region in the record's ARN, as the key of an index."""
    return (scope_key(scope_of(record.arn)),)


def own_scope(record: _HasScope) -> tuple[str, ...]:
    """The record's account and region, as the key of an index."""
    return (scope_key(record.scope),)


def optional(value: str | None) -> tuple[str, ...]:
    """The value, if there is one."""
    return () if value is None else (value,)


def interface_value(interface: NetworkInterface | None, member: str) -> tuple[str, ...]:
    """One member of a network interface, if there is an interface that has it."""
    return optional(None if interface is None else getattr(interface, member))


def interface_addresses(interface: NetworkInterface | None) -> tuple[str, ...]:
    """An interface's addresses."""
    return () if interface is None else (interface.address, *optional(interface.ipv6_address))


def interface_address(interface: NetworkInterface | None) -> tuple[str, ...]:
    """An interface's address in its subnet: ``subnet/address``."""
    return () if interface is None else (f"{interface.subnet}/{interface.address}",)
