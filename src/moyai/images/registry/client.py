"""The client of registries, a ``Source``: resolves names of images, and fetches their parts.

Promise: a manifest that is requested by its digest has this digest; one that is requested by a tag has the digest that
the registry states, if it states one. Mirrors are asked first, once each; after their failure the registry itself is
asked, up to ATTEMPTS times if the error is transient. Errors are in AWS's words, and say what to do.
Source: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import BinaryIO, Final, NamedTuple, TypeVar

import httpx
from typing_extensions import override

from moyai.images.errors import BadContent, PullFailed, WrongPlatform
from moyai.images.manifest import INDEXES, MANIFESTS, MAX_MANIFEST_BYTES, parse_manifest, select_manifest
from moyai.images.model import Descriptor, Index, Platform
from moyai.images.reference import ImageReference, is_digest
from moyai.images.registry.authentication import Authenticator, RegistryAuthorization
from moyai.images.registry.blobs import PartialBlob
from moyai.images.registry.credentials import Credentials, CredentialSource, FixedCredentials
from moyai.images.registry.endpoints import RegistryEndpoint, endpoints_of
from moyai.images.registry.failures import RequestFailed, access_denial, refusal
from moyai.images.registry.http import Http, read_body, read_error
from moyai.images.registry.settings import RegistrySettings
from moyai.images.source import Progress, ResolvedImage, Source
from moyai.kernel.clock import Clock, Seconds
from moyai.kernel.errors import MoyaiError

CONFIRMATION_ATTEMPTS: Final = 2
"""Number of attempts to ask for the digest of a tag whose image the store has: tasks must not wait long without a
network.
"""
ATTEMPTS: Final = 4
"""Number of attempts before a request has failed. For a blob, the count starts again after each _GROWTH bytes."""
_FIRST_DELAY: Final = 1.0
_LONGEST_DELAY: Final = 30.0
"""The longest delay between two attempts, in seconds. If a registry asks for a longer one, the request fails."""
_GROWTH: Final = 1024 * 1024
_ACCEPT: Final = ", ".join(sorted(MANIFESTS | INDEXES))

_Answer = TypeVar("_Answer")


class _Content(NamedTuple):
    """A manifest or an index as a registry sent it."""

    content: bytes
    media_type: str
    digest: str


class _GaveUp(MoyaiError):
    """All attempts of a request to an endpoint have failed."""

    def __init__(self, attempts: int, failure: RequestFailed | PullFailed) -> None:
        super().__init__(attempts, failure)
        self.attempts = attempts
        self.failure = failure

    def pull_failed(self, action: str, detail: str) -> PullFailed:
        """The failure of the pull in AWS's words. ``detail`` is left out for WrongPlatform."""
        prefix = f"{action} has been retried {self.attempts} time(s): "
        if isinstance(self.failure, PullFailed):
            detail = "" if isinstance(self.failure, WrongPlatform) else detail
            return type(self.failure)(f"{prefix}{detail}{self.failure}")
        advice = f". {self.failure.advice}" if self.failure.advice else ""
        return self.failure.error_class(f"{prefix}{detail}{self.failure}{advice}")


class RegistryClient(Source):
    """All registries as one ``Source``. ``http``: the connections of another client, which are then shared."""

    def __init__(
        self, settings: RegistrySettings, clock: Clock, credentials: CredentialSource, http: Http | None = None
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._http = http or Http(settings.certificates)
        self._authenticator = Authenticator(self._http, clock, credentials)

    @property
    @override
    def name(self) -> str:
        return "registry"

    def with_credentials(self, registry: str, credentials: Credentials) -> RegistryClient:
        """A client with these credentials for the registry, and with none for others. It shares the connections."""
        return RegistryClient(self._settings, self._clock, FixedCredentials(registry, credentials), self._http)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()

    async def digest(self, reference: ImageReference) -> str:
        """The digest of the image that the reference names now, by a request that Docker Hub does not count as a pull.
        Raises PullFailed.
        """
        if reference.digest is not None:
            return reference.digest
        return await self._resolve(reference, self._current_digest, CONFIRMATION_ATTEMPTS)

    @override
    async def resolve(self, reference: ImageReference, platform: Platform) -> ResolvedImage:
        async def ask(endpoint: RegistryEndpoint, reference: ImageReference) -> ResolvedImage:
            return await self._resolved_image(endpoint, reference, platform)

        return await self._resolve(reference, ask, ATTEMPTS)

    @override
    async def fetch(self, image: ResolvedImage, descriptor: Descriptor, file: BinaryIO, progress: Progress) -> None:
        """Fetches a part. A download that one endpoint has interrupted is continued from the next one."""
        blob = PartialBlob(file, descriptor, progress)

        async def ask(endpoint: RegistryEndpoint) -> None:
            await self._fetch(endpoint, image.reference.repository, descriptor, blob)

        try:
            await self._first_answer(image.reference, ask, ATTEMPTS, lambda: blob.received)
        except _GaveUp as error:
            raise error.pull_failed("ref pull", "failed to copy: ") from error

    async def _resolve(
        self,
        reference: ImageReference,
        ask: Callable[[RegistryEndpoint, ImageReference], Awaitable[_Answer]],
        limit: int,
    ) -> _Answer:
        try:
            return await self._first_answer(reference, lambda endpoint: ask(endpoint, reference), limit)
        except _GaveUp as error:
            raise error.pull_failed("pull image manifest", f"failed to resolve ref {reference}: ") from error

    async def _first_answer(
        self,
        reference: ImageReference,
        ask: Callable[[RegistryEndpoint], Awaitable[_Answer]],
        limit: int,
        size: Callable[[], int] = int,
    ) -> _Answer:
        """The answer of the first endpoint that gives one. ``limit``: the number of attempts at the registry itself.
        ``size``: returns the number of received bytes. Raises _GaveUp.
        """
        *mirrors, registry = endpoints_of(reference.registry, self._settings)
        for mirror in mirrors:
            with suppress(_GaveUp):
                return await self._persist(mirror, ask, size, 1)
        return await self._persist(registry, ask, size, limit)

    async def _persist(
        self,
        endpoint: RegistryEndpoint,
        ask: Callable[[RegistryEndpoint], Awaitable[_Answer]],
        size: Callable[[], int],
        limit: int,
    ) -> _Answer:
        """Ask an endpoint until it answers. ``limit``: the number of attempts without progress. Raises _GaveUp."""
        attempts = failures = 0
        while True:
            before = size()
            attempts += 1
            try:
                return await ask(endpoint)
            except PullFailed as failure:
                raise _GaveUp(attempts, failure) from failure
            except RequestFailed as failure:
                failures = 1 if size() - before >= _GROWTH else failures + 1
                self._http.forget_scheme(endpoint)
                delay = failure.retry_after or _FIRST_DELAY * 2 ** (failures - 1)
                if not failure.is_transient or failures >= limit or delay > _LONGEST_DELAY:
                    raise _GaveUp(attempts, failure) from failure
            await self._clock.sleep(Seconds(delay))

    async def _current_digest(self, endpoint: RegistryEndpoint, reference: ImageReference) -> str:
        path = endpoint.path(reference.repository, "manifests", reference.tag or "")
        async with self._open(endpoint, reference.repository, "HEAD", path, {"accept": _ACCEPT}) as response:
            digest = str(response.headers.get("docker-content-digest", ""))
        return digest if is_digest(digest) else (await self._manifest(endpoint, reference, path)).digest

    async def _resolved_image(
        self, endpoint: RegistryEndpoint, reference: ImageReference, platform: Platform
    ) -> ResolvedImage:
        path = endpoint.path(reference.repository, "manifests", reference.digest or reference.tag or "")
        top = await self._manifest(endpoint, reference, path, reference.digest)
        index = parse_manifest(top.content, top.media_type)
        if not isinstance(index, Index):
            return ResolvedImage(reference, top.digest, top.content, index.config, index.layers)
        descriptor = select_manifest(index, platform)
        path = endpoint.path(reference.repository, "manifests", descriptor.digest)
        own = await self._manifest(endpoint, reference, path, descriptor.digest)
        manifest = parse_manifest(own.content, own.media_type)
        if isinstance(manifest, Index):
            raise BadContent(f"the index {top.digest} has another index for {platform}")
        return ResolvedImage(reference, top.digest, own.content, manifest.config, manifest.layers, top.content)

    async def _manifest(
        self, endpoint: RegistryEndpoint, reference: ImageReference, path: str, digest: str | None = None
    ) -> _Content:
        """A manifest or an index. ``digest``: the digest that it must have. Raises RequestFailed."""
        async with self._open(endpoint, reference.repository, "GET", path, {"accept": _ACCEPT}) as response:
            content = await read_body(response, MAX_MANIFEST_BYTES)
        actual = f"sha256:{hashlib.sha256(content).hexdigest()}"
        header = response.headers.get("docker-content-digest", "")
        expected_digest = digest or (header if is_digest(header) else actual)
        if actual != expected_digest:
            raise RequestFailed(
                BadContent, f"unexpected manifest digest {actual}, expected {expected_digest}: failed precondition"
            )
        return _Content(content, response.headers.get("content-type", ""), actual)

    async def _fetch(
        self, endpoint: RegistryEndpoint, repository: str, descriptor: Descriptor, blob: PartialBlob
    ) -> None:
        path = endpoint.path(repository, "blobs", descriptor.digest)
        headers = {"range": f"bytes={blob.received}-"} if blob.received else {}
        try:
            async with self._open(endpoint, repository, "GET", path, headers) as response:
                await blob.receive(response)
        except _RangeRefused:
            await blob.rewind()
            raise
        await blob.check_digest()

    @asynccontextmanager
    async def _open(
        self, endpoint: RegistryEndpoint, repository: str, method: str, path: str, headers: Mapping[str, str]
    ) -> AsyncIterator[httpx.Response]:
        """The response to an authorized request, with status 200 or 206. Raises RequestFailed."""
        url = await self._http.url(endpoint, path)
        authorization = self._authenticator.current(endpoint, repository)
        for _ in range(3):  # with no token or an old one, with a new one, and with one that another request has renewed
            async with self._http.open(endpoint, method, url, _with(headers, authorization)) as response:
                if response.status_code != HTTPStatus.UNAUTHORIZED or response.url.host != url.host:
                    await _check_status(response, endpoint)
                    yield response
                    return
                authorization = await self._authenticator.renew(endpoint, repository, authorization, response)
        raise access_denial(endpoint.registry, None, "", None if authorization is None else authorization.origin)


class _RangeRefused(RequestFailed):
    """The server can't continue a blob from the requested range."""


def _with(headers: Mapping[str, str], authorization: RegistryAuthorization | None) -> Mapping[str, str]:
    return {**headers, "authorization": authorization.header} if authorization is not None else headers


async def _check_status(response: httpx.Response, endpoint: RegistryEndpoint) -> None:
    """Raise RequestFailed unless the response has status 200 or 206."""
    if response.status_code in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
        return
    failure = refusal(response, await read_error(response), endpoint.registry)
    if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        raise _RangeRefused(failure.error_class, str(failure), is_transient=True)
    raise failure
