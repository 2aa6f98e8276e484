"""The rules of a request: checks that need nothing but the request, each of which raises the error of the operation.

Promise: an operation stops at the first rule that a request breaks, as on AWS; ``moyai analyze`` names all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeAlias

from moyai.kernel.errors import ClientFault

Rule: TypeAlias = Callable[[], object]
"""Raises ClientFault for a request that breaks the rule."""


def enforce(rules: Iterable[Rule]) -> None:
    """Raise the error of the first rule that is broken. A later rule is not made before the earlier ones hold."""
    for rule in rules:
        rule()


def broken_rules(rules: Iterable[Rule]) -> Iterator[ClientFault]:
    """The errors of all rules that are broken."""
    for rule in rules:
        try:
            rule()
        except ClientFault as fault:
            yield fault
