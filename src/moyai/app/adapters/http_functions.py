"""Calls the functions of lifecycle hooks over HTTP, with limits on the time and the size of their answers."""

from __future__ import annotations

import asyncio

import httpx
from typing_extensions import override

from moyai.ports.outgoing_calls import CallFailed, FunctionCaller

CALL_LIMIT = 900.0
"""Seconds for one whole call; Lambda's maximum."""
CONNECT_LIMIT = 10.0
"""Seconds for making the connection."""
LARGEST_ANSWER = 256 * 1024
"""The most bytes of an answer."""


class HttpFunctions(FunctionCaller):
    """Implements FunctionCaller. It follows no redirects, and ignores proxies of the environment."""

    def __init__(self) -> None:
        self._opened: httpx.AsyncClient | None = None

    @property
    def _client(self) -> httpx.AsyncClient:
        if self._opened is None:
            timeout = httpx.Timeout(CALL_LIMIT, connect=CONNECT_LIMIT)
            self._opened = httpx.AsyncClient(timeout=timeout, follow_redirects=False, trust_env=False)
        return self._opened

    @override
    async def call(self, url: str, body: bytes, invocation: str) -> bytes:
        """POST ``body`` to a function; returns the body of a 2xx response. Raises CallFailed."""
        headers = {"content-type": "application/json", "moyai-invocation": invocation}
        try:
            async with (
                asyncio.timeout(CALL_LIMIT),
                self._client.stream("POST", url, content=body, headers=headers) as response,
            ):
                if not response.is_success:
                    raise CallFailed(f"it answered {response.status_code}")
                return await _body(response)
        except TimeoutError:
            raise CallFailed(f"no answer within {CALL_LIMIT:.0f} s") from None
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            raise CallFailed(f"{type(error).__name__}: {error}"[:300]) from error

    @override
    async def close(self) -> None:
        if self._opened is not None:
            await self._opened.aclose()


async def _body(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise CallFailed(f"its answer is longer than {LARGEST_ANSWER} bytes")
    return bytes(body)
