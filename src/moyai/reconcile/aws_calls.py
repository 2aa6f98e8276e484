"""Calls of AWS operations: carries out the procedures of stack resources, and says why a single call failed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from moyai.kernel.clock import Seconds
from moyai.stacks.types.procedure import AwsCallFailed, Procedure, Step

T = TypeVar("T")


async def carry_out(procedure: Procedure[T], take: Callable[[Step], Awaitable[Mapping[str, Any]]]) -> T:
    """The result of a procedure. ``take`` performs a step and returns the answer; its AwsCallFailed is raised in the
    procedure. Raises what the procedure and ``take`` raise.
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


async def call_problem(call: Awaitable[None], callee: str, patience: Seconds) -> str | None:
    """Make the call. Returns why it failed; None when it succeeded. ``patience``: the call's own time-out, which the
    text names.
    """
    try:
        await call
    except AwsCallFailed as failed:
        return failed.message
    except TimeoutError:
        return f"{callee} has not answered within {patience:g} s"
    except Exception as error:  # noqa: BLE001 (an answer unlike AWS's; other calls go on)
        return f"{callee} has not answered as AWS does: {type(error).__name__}: {error}"
    return None
