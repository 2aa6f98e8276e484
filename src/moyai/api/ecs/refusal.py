"""Refusals that depend on a value: members that are used, but not with everything that AWS takes."""

from __future__ import annotations

from moyai.domain.ecs.errors import InvalidParameter
from moyai.kernel.errors import ClientFault


def unsupported(member: str, value: object, reason: str, fault: type[ClientFault] = InvalidParameter) -> ClientFault:
    """The error that says which member's value is not supported, and why."""
    return fault(f"{member}: {value} is not supported by moyai: {reason}.")
