"""Carries out procedures of stack resources: takes each step, and gives the procedure the answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from moyai.stacks.types.procedure import AwsCallFailed, Procedure, Step

T = TypeVar("T")


async def carry_out(procedure: Procedure[T], take: Callable[[Step], Awaitable[Mapping[str, Any]]]) -> T:
    """The result of a procedure. ``take`` takes a step and returns the answer; its AwsCallFailed goes to the procedure.

    Raises what the procedure and ``take`` raise.
    """
    try:
        step = next(procedure)
        while True:
            try:
                answer = await take(step)
            except AwsCallFailed as fault:
                step = procedure.throw(fault)
            else:
                step = procedure.send(answer)
    except StopIteration as end:
        result: T = end.value
        return result
