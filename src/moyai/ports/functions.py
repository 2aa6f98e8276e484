"""Calling functions over HTTP."""

from __future__ import annotations

from typing import Protocol

from moyai.kernel.errors import MoyaiError


class CallFailed(MoyaiError):
    """Nothing usable came back; the message says why."""


class FunctionCaller(Protocol):
    """Posts JSON to functions' URLs."""

    async def call(self, url: str, body: bytes, invocation: str) -> bytes:
        """The answer's body, of a 2xx. ``invocation`` names the call, also when it is made again. Raises CallFailed."""

    async def close(self) -> None:
        """Let go of every connection."""
