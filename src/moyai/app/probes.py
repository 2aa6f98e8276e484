"""Health checks over the network.

Promise: as Route 53 makes them: certificates are not looked at, only the status of an answer counts, and nothing
waits longer than Route 53 does.
Source: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from typing import Final

import httptools

from moyai.domain.cloudmap.service import HealthCheckType
from moyai.plan.cloudmap.attributes import is_dns_name
from moyai.plan.cloudmap.checks import Target

_TCP_PATIENCE: Final = 10.0
_CONNECT_PATIENCE: Final = 4.0
_ANSWER_PATIENCE: Final = 2.0
_LONGEST_HEAD: Final = 65536
_CHUNK: Final = 4096
_WELL: Final = range(200, 400)


class _Answer:
    """What httptools tells of an answer; it is enough that the head is over."""

    done = False

    def on_headers_complete(self) -> None:
        self.done = True


class NetworkProbes:
    """Makes single checks from this machine."""

    def __init__(self) -> None:
        self._tls = ssl.create_default_context()
        self._tls.check_hostname = False
        self._tls.verify_mode = ssl.CERT_NONE

    async def passes(self, target: Target) -> bool:
        """Whether the endpoint passes."""
        tls = self._tls if target.type is HealthCheckType.HTTPS else None
        patience = _TCP_PATIENCE if target.type is HealthCheckType.TCP else _CONNECT_PATIENCE
        try:
            async with asyncio.timeout(patience):
                reader, writer = await asyncio.open_connection(
                    target.address, target.port, ssl=tls, server_hostname=None if tls is None else _server_name(target)
                )
        except (OSError, TimeoutError):
            return False
        try:
            if target.type is HealthCheckType.TCP:
                return True
            async with asyncio.timeout(_ANSWER_PATIENCE):
                return await _status(reader, writer, target) in _WELL
        except (OSError, TimeoutError, httptools.HttpParserError):
            return False
        finally:
            writer.close()
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(_ANSWER_PATIENCE):
                    await writer.wait_closed()


def _server_name(target: Target) -> str:
    """The name in the TLS handshake; empty, and then not sent, where it is no DNS name."""
    return target.host if is_dns_name(target.host) else ""


async def _status(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: Target) -> int:
    """The status of the answer; 0 when there is none. Raises HttpParserError, OSError."""
    lines = (
        f"GET {target.path} HTTP/1.1",
        f"Host: {target.host}:{target.port}",
        "User-Agent: moyai-health-check",
        "Accept: */*",
        "Connection: close",
    )
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    await writer.drain()
    answer = _Answer()
    parser = httptools.HttpResponseParser(answer)
    read = 0
    while not answer.done and read < _LONGEST_HEAD:
        chunk = await reader.read(_CHUNK)
        if not chunk:
            return 0
        read += len(chunk)
        parser.feed_data(chunk)
    return int(parser.get_status_code()) if answer.done else 0
