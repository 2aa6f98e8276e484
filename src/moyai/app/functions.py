"""Functions, called over HTTP with limits on everything that comes back."""

from __future__ import annotations

import asyncio

import httpx

from moyai.ports.functions import CallFailed

CALL_LIMIT = 900.0
"""Seconds that one call may take in all; Lambda's longest."""
CONNECT_LIMIT = 10.0
"""Seconds until a connection stands."""
LARGEST_ANSWER = 256 * 1024
"""Bytes."""


class HttpFunctions:
    """Calls functions; follows no redirect, uses no proxy of the environment."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(CALL_LIMIT, connect=CONNECT_LIMIT), follow_redirects=False, trust_env=False
        )

    async def call(self, url: str, body: bytes, invocation: str) -> bytes:
        """The answer's body, of a 2xx. Raises CallFailed."""
        headers = {"content-type": "application/json", "moyai-invocation": invocation}
        try:
            async with (
                asyncio.timeout(CALL_LIMIT),
                self._client.stream("POST", url, content=body, headers=headers) as said,
            ):
                if not said.is_success:
                    raise CallFailed(f"it answered {said.status_code}")
                return await _body(said)
        except TimeoutError:
            raise CallFailed(f"no answer within {CALL_LIMIT:.0f} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise CallFailed(f"{type(error).__name__}: {error}"[:300]) from error

    async def close(self) -> None:
        """Let go of every connection."""
        await self._client.aclose()


async def _body(said: httpx.Response) -> bytes:
    found = bytearray()
    async for part in said.aiter_bytes():
        found += part
        if len(found) > LARGEST_ANSWER:
            raise CallFailed(f"its answer is longer than {LARGEST_ANSWER} bytes")
    return bytes(found)
