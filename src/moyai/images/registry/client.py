"""The client of registries: resolves names of images, and fetches their parts.

Promise: a ``Source``. A manifest that is asked for by its digest has it; one that is asked for by a tag has the digest
that the registry says, if it says one. Mirrors are asked first, once, and what fails there is tried at the registry
itself, a few times if it may succeed later. Errors are in AWS's words, and say what to do.
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
from moyai.images.manifest import (
    INDEXES,
    MANIFESTS,
    MAX_MANIFEST_BYTES,
    parse_manifest,
    select_manifest,
)
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
"""How often a tag is confirmed that is here already: without a network, tasks must not wait for it."""
ATTEMPTS: Final = 4
"""How often a request is made before it has failed for good. Those of a blob count anew when it has grown."""
_FIRST_DELAY: Final = 1.0
_LONGEST_DELAY: Final = 30.0
"""Seconds between two attempts. A registry that wants a longer one has its limit reported instead."""
_GROWTH: Final = 1024 * 1024
_ACCEPT: Final = ", ".join(sorted(MANIFESTS | INDEXES))

_Answer = TypeVar("_Answer")


class _Content(NamedTuple):
    """A manifest or an index as a registry sent it."""

    content: bytes
    media_type: str
    digest: str


class _GaveUp(MoyaiError):
    """An endpoint has not answered after some attempts."""

    def __init__(self, attempts: int, failure: RequestFailed | PullFailed) -> None:
        super().__init__(attempts, failure)
        self.attempts = attempts
        self.failure = failure

    def pull_failed(self, action: str, detail: str) -> PullFailed:
        """The failure of the pull as AWS words it. ``detail`` does not stand before an error of the platform."""
        prefix = f"{action} has been retried {self.attempts} time(s): "
        if isinstance(self.failure, PullFailed):
            detail = "" if isinstance(self.failure, WrongPlatform) else detail
            return type(self.failure)(f"{prefix}{detail}{self.failure}")
        advice = f". {self.failure.advice}" if self.failure.advice else ""
        return self.failure.error_class(f"{prefix}{detail}{self.failure}{advice}")


class RegistryClient(Source):
    """All registries as one ``Source``. ``http``: the connections of another client, to share them."""

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
        """A client that is this user at the registry, and anonymous at others."""
        return RegistryClient(self._settings, self._clock, FixedCredentials(registry, credentials), self._http)

    async def close(self) -> None:
        """Close all connections."""
        await self._http.close()

    async def digest(self, reference: ImageReference) -> str:
        """The digest that the reference names now, in one request that Docker Hub does not count as a pull. Raises
        PullFailed.
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
        """A download that one server has interrupted is continued at the next."""
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
        """The answer of the first endpoint that gives one. ``limit``: of attempts at the registry itself. ``size``: how
        much has arrived. Raises _GaveUp.
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
        """Ask an endpoint until it answers. ``limit``: of attempts in vain. Raises _GaveUp."""
        attempts = in_vain = 0
        while True:
            before = size()
            attempts += 1
            try:
                return await ask(endpoint)
            except PullFailed as failure:
                raise _GaveUp(attempts, failure) from failure
            except RequestFailed as failure:
                in_vain = 1 if size() - before >= _GROWTH else in_vain + 1
                self._http.forget_scheme(endpoint)
                delay = failure.retry_after or _FIRST_DELAY * 2 ** (in_vain - 1)
                if not failure.is_transient or in_vain >= limit or delay > _LONGEST_DELAY:
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
        parsed = parse_manifest(top.content, top.media_type)
        if not isinstance(parsed, Index):
            return ResolvedImage(reference, top.digest, top.content, parsed.config, parsed.layers)
        chosen = select_manifest(parsed, platform)
        path = endpoint.path(reference.repository, "manifests", chosen.digest)
        own = await self._manifest(endpoint, reference, path, chosen.digest)
        manifest = parse_manifest(own.content, own.media_type)
        if isinstance(manifest, Index):
            raise BadContent(f"the index {top.digest} has another index for {platform}")
        return ResolvedImage(reference, top.digest, own.content, manifest.config, manifest.layers, top.content)

    async def _manifest(
        self, endpoint: RegistryEndpoint, reference: ImageReference, path: str, digest: str | None = None
    ) -> _Content:
        """A manifest or index. ``digest``: what it must have. Raises RequestFailed."""
        async with self._open(endpoint, reference.repository, "GET", path, {"accept": _ACCEPT}) as response:
            content = await read_body(response, MAX_MANIFEST_BYTES)
        actual = f"sha256:{hashlib.sha256(content).hexdigest()}"
        said = response.headers.get("docker-content-digest", "")
        expected = digest or (said if is_digest(said) else actual)
        if actual != expected:
            raise RequestFailed(
                BadContent, f"unexpected manifest digest {actual}, expected {expected}: failed precondition"
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
        """An authorized request's response, which has status 200 or 206. Raises RequestFailed."""
        url = await self._http.url(endpoint, path)
        authorization = self._authenticator.current(endpoint, repository)
        for _ in range(3):  # without a token or with an old one, with a new one, and with one that another has renewed
            async with self._http.open(endpoint, method, url, _with(headers, authorization)) as response:
                if response.status_code != HTTPStatus.UNAUTHORIZED or response.url.host != url.host:
                    await _check_status(response, endpoint)
                    yield response
                    return
                authorization = await self._authenticator.renew(endpoint, repository, authorization, response)
        raise access_denial(endpoint.registry, None, "", None if authorization is None else authorization.origin)


class _RangeRefused(RequestFailed):
    """The server cannot continue a blob."""


def _with(headers: Mapping[str, str], authorization: RegistryAuthorization | None) -> Mapping[str, str]:
    return {**headers, "authorization": authorization.header} if authorization is not None else headers


async def _check_status(response: httpx.Response, endpoint: RegistryEndpoint) -> None:
    """Raise RequestFailed unless the response has what was asked for."""
    if response.status_code in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
        return
    failure = refusal(response, await read_error(response), endpoint.registry)
    if response.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        raise _RangeRefused(failure.error_class, str(failure), is_transient=True)
    raise failure
