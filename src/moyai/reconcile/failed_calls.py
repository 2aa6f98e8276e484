"""A failed call of an AWS service as a line of the log."""

from __future__ import annotations

from collections.abc import Awaitable

from moyai.kernel.clock import Seconds
from moyai.stacks.types.procedure import AwsCallFailed


async def call_problem(call: Awaitable[None], callee: str, patience: Seconds) -> str | None:
    """Make the call. Returns why it failed; None when it succeeded. ``patience``: the limit that the call itself keeps,
    for the text.
    """
    try:
        await call
    except AwsCallFailed as failed:
        return failed.message
    except TimeoutError:
        return f"{callee} has not answered within {patience:g} s"
    except Exception as error:  # noqa: BLE001 (an answer that is not as AWS's; other calls go on)
        return f"{callee} has not answered as AWS does: {type(error).__name__}: {error}"
    return None
