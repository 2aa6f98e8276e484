"""HTTP requests to registries: connections, redirects and limits.

Promise: every request ends. Headers have to arrive within HEADERS_PATIENCE, and a body that is read as a whole is small
and has to arrive within BODY_PATIENCE. At most MAX_REDIRECTS redirects are followed, none from HTTPS to HTTP, and only
to hosts that ``addresses`` allows. From the first redirect to another origin on, requests have no Authorization header.
Bodies are not decompressed: registries are asked for uncompressed ones, and digests are those of the bytes they send.
Proxies of the environment (HTTPS_PROXY, NO_PROXY) are used, except for registries on loopback.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Final

import httpx

from moyai.images.errors import BadContent, Unreachable
from moyai.images.registry.addresses import check_registry, check_target
from moyai.images.registry.endpoints import RegistryEndpoint
from moyai.images.registry.failures import RequestFailed, certificate_error, connection_failure, without_query

CONNECT_PATIENCE: Final = 15.0
"""Seconds for a connection and its TLS handshake."""
HEADERS_PATIENCE: Final = 60.0
"""Seconds until the headers of a response are complete, for each redirect anew."""
BODY_PATIENCE: Final = 60.0
"""Seconds for a body that is read as a whole."""
MAX_REDIRECTS: Final = 5
_MAX_ERROR_BYTES: Final = 64 * 1024
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MAX_SCHEMES: Final = 256


class Http:
    """Sends requests to endpoints."""

    def __init__(self, certificates: Path) -> None:
        self._certificates = certificates
        self._clients: dict[tuple[bool, bool, Path | None], httpx.AsyncClient] = {}
        self._schemes: dict[str, str] = {}

    async def close(self) -> None:
        """Close all connections."""
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.aclose()

    async def url(self, endpoint: RegistryEndpoint, path: str) -> httpx.URL:
        """The URL of a path. The scheme of an insecure registry is found by a request, once. Raises RequestFailed."""
        if len(endpoint.schemes) == 1:
            scheme = endpoint.schemes[0]
        else:
            scheme = self._schemes.get(endpoint.host) or await self._choose_scheme(endpoint)
        return httpx.URL(f"{scheme}://{endpoint.host}{path}")

    def forget_scheme(self, endpoint: RegistryEndpoint) -> None:
        """Have the endpoint's scheme found again, because the server may have been restarted with another one."""
        self._schemes.pop(endpoint.host, None)

    @asynccontextmanager
    async def open(
        self,
        endpoint: RegistryEndpoint,
        method: str,
        url: httpx.URL,
        headers: Mapping[str, str],
        form: Mapping[str, str] | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """Send a request, follow its redirects, and yield the response with its body unread. ``form``: the body of a
        POST. Raises RequestFailed, also when reading the body fails.
        """
        target = url
        remaining = {"accept-encoding": "identity", "user-agent": "moyai", **headers}
        is_local = await check_registry(url)
        try:
            for _ in range(MAX_REDIRECTS + 1):
                request = self._client(endpoint).build_request(method, target, headers=remaining, data=form)
                async with asyncio.timeout(HEADERS_PATIENCE):
                    response = await self._client(endpoint).send(request, stream=True)
                try:
                    if response.status_code not in _REDIRECTS or form is not None:
                        _refuse_encoding(response)
                        yield response
                        return
                    target = _redirect(response, target)
                finally:
                    await response.aclose()
                if not _is_same_origin(target, url):
                    remaining.pop("authorization", None)
                await check_target(target, may_be_loopback=is_local)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise connection_failure(error, method, target) from error
        raise RequestFailed(
            Unreachable, f'{method.title()} "{without_query(url)}": stopped after {MAX_REDIRECTS} redirects'
        )

    def _client(self, endpoint: RegistryEndpoint) -> httpx.AsyncClient:
        """The HTTP client with the certificates and proxies for the endpoint."""
        directory = self._certificates / endpoint.host
        own = directory if endpoint.is_verified and directory.is_dir() else None
        kind = (endpoint.is_verified, endpoint.is_loopback, own)
        if kind not in self._clients:
            self._clients[kind] = httpx.AsyncClient(
                verify=_trust(is_verified=endpoint.is_verified, own=own),
                timeout=httpx.Timeout(HEADERS_PATIENCE, connect=CONNECT_PATIENCE),
                limits=httpx.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=30),
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # pulls of several users share connections
                follow_redirects=False,
                trust_env=not endpoint.is_loopback,
            )
        return self._clients[kind]

    async def _choose_scheme(self, endpoint: RegistryEndpoint) -> str:
        """The first scheme that the server answers. A server with a bad certificate counts as one that has HTTPS."""
        for scheme in endpoint.schemes[:-1]:
            try:
                async with asyncio.timeout(CONNECT_PATIENCE):
                    await self._client(endpoint).head(f"{scheme}://{endpoint.host}/v2/")
            except httpx.TransportError as error:
                if certificate_error(error) is None and not isinstance(error, httpx.TimeoutException):
                    continue
            except (httpx.HTTPError, httpx.InvalidURL, TimeoutError):
                pass
            return self._remember(endpoint, scheme)
        return self._remember(endpoint, endpoint.schemes[-1])

    def _remember(self, endpoint: RegistryEndpoint, scheme: str) -> str:
        while len(self._schemes) >= _MAX_SCHEMES:
            del self._schemes[next(iter(self._schemes))]
        self._schemes[endpoint.host] = scheme
        return scheme


async def read_body(response: httpx.Response, limit: int) -> bytes:
    """The whole body of a response, of at most ``limit`` bytes. Raises RequestFailed."""
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_PATIENCE):
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > limit:
                    raise RequestFailed(BadContent, f"{without_query(response.url)} has more than {limit} bytes")
    except (httpx.HTTPError, TimeoutError) as error:
        raise connection_failure(error, response.request.method, response.url) from error
    return bytes(body)


async def read_error(response: httpx.Response) -> bytes:
    """The body of an error response; empty if it can't be read."""
    try:
        return await read_body(response, _MAX_ERROR_BYTES)
    except RequestFailed:
        return b""


def _refuse_encoding(response: httpx.Response) -> None:
    encoding = response.headers.get("content-encoding", "identity")
    if response.is_success and encoding.lower() != "identity":
        raise RequestFailed(BadContent, f"{without_query(response.url)} was sent with the content coding {encoding!r}")


def _redirect(response: httpx.Response, current: httpx.URL) -> httpx.URL:
    """The URL to which a response redirects. Raises RequestFailed, and httpx.InvalidURL."""
    target = current.join(response.headers.get("location", ""))
    if target.scheme not in {"http", "https"} or not target.host or target == current:
        raise RequestFailed(Unreachable, f"{without_query(current)} redirects to nowhere")
    if current.scheme == "https" and target.scheme == "http":
        raise RequestFailed(Unreachable, f"{without_query(current)} redirects from HTTPS to {without_query(target)}")
    return target.copy_with(username=None, password=None)


def _is_same_origin(url: httpx.URL, other: httpx.URL) -> bool:
    return (url.scheme, url.host, url.port) == (other.scheme, other.host, other.port)


def _trust(*, is_verified: bool, own: Path | None) -> ssl.SSLContext:
    """A TLS context with the machine's authorities, and the authorities and client certificates in a registry's own
    directory. Raises RequestFailed.
    """
    context = ssl.create_default_context()
    if not is_verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    try:
        for authority in sorted(own.glob("*.crt")) if own else ():
            context.load_verify_locations(authority)
        for certificate in sorted(own.glob("*.cert")) if own else ():
            context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    except (OSError, ssl.SSLError) as error:
        raise RequestFailed(Unreachable, f"the certificates in {own} can't be used: {error}") from error
    return context
