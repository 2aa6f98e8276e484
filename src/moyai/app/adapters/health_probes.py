"""Single health checks over TCP, HTTP and HTTPS.

Promise: they behave like Route 53's: certificates are not verified, only the status of a response counts, and the time
limits are the same.
Source: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
"""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from functools import cached_property
from typing import Final

import httptools

from moyai.domain.cloudmap.service import HealthCheckType
from moyai.plan.cloudmap.attributes import is_dns_name
from moyai.plan.cloudmap.checks import ProbeTarget

_TCP_TIMEOUT: Final = 10.0
_CONNECT_TIMEOUT: Final = 4.0
_RESPONSE_TIMEOUT: Final = 2.0
_MAX_HEAD: Final = 65536
_CHUNK: Final = 4096
_HEALTHY: Final = range(200, 400)


class _Response:
    """Callbacks for httptools, which detect the end of a response's head."""

    done = False

    def on_headers_complete(self) -> None:
        self.done = True


class NetworkProbes:
    """Implements Probes: makes single checks from this machine."""

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context

    async def passes(self, target: ProbeTarget) -> bool:
        """Whether the endpoint passes one check."""
        tls = self._tls if target.type is HealthCheckType.HTTPS else None
        timeout = _TCP_TIMEOUT if target.type is HealthCheckType.TCP else _CONNECT_TIMEOUT
        try:
            async with asyncio.timeout(timeout):
                reader, writer = await asyncio.open_connection(
                    target.address, target.port, ssl=tls, server_hostname=None if tls is None else _server_name(target)
                )
        except (OSError, TimeoutError):
            return False
        try:
            if target.type is HealthCheckType.TCP:
                return True
            async with asyncio.timeout(_RESPONSE_TIMEOUT):
                return await _status(reader, writer, target) in _HEALTHY
        except (OSError, TimeoutError, httptools.HttpParserError):
            return False
        finally:
            writer.close()
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(_RESPONSE_TIMEOUT):
                    await writer.wait_closed()


def _server_name(target: ProbeTarget) -> str:
    """The server name in the TLS handshake; empty if the host is not a DNS name, so that none is sent."""
    return target.host if is_dns_name(target.host) else ""


async def _status(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, target: ProbeTarget) -> int:
    """The status of the response; 0 when there is none. Raises HttpParserError, OSError."""
    lines = (
        f"GET {target.path} HTTP/1.1",
        f"Host: {target.host}:{target.port}",
        "User-Agent: moyai-health-check",
        "Accept: */*",
        "Connection: close",
    )
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    await writer.drain()
    response = _Response()
    parser = httptools.HttpResponseParser(response)
    size = 0
    while not response.done and size < _MAX_HEAD:
        chunk = await reader.read(_CHUNK)
        if not chunk:
            return 0
        size += len(chunk)
        parser.feed_data(chunk)
    return int(parser.get_status_code()) if response.done else 0
