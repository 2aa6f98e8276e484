"""One request to the registry, as its handlers get it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import NamedTuple
from urllib.parse import parse_qs

from moyai.api.ecr.lookup import repository_named
from moyai.api.operation import Context
from moyai.api.registry.errors import RegistryError
from moyai.api.registry.route import Route
from moyai.api.wire.http import HttpRequest
from moyai.domain.ecr.image import is_digest
from moyai.domain.ecr.repository import Repository
from moyai.ports.blobs import BlobStore


class RegistryCall(NamedTuple):
    """A request with its caller and its route, and the blobs of images."""

    ctx: Context
    blobs: BlobStore
    create_on_push: bool
    """Whether a push creates its repository."""
    route: Route
    request: HttpRequest
    """The request without its body."""
    body: AsyncIterator[bytes]

    @property
    def repository(self) -> Repository:
        """The repository in the path. Raises RepositoryNotFound."""
        return repository_named(self.ctx, self.route.name)

    def argument(self, name: str) -> str | None:
        """The first value of a query parameter."""
        return parse_qs(self.request.query).get(name, [None])[0]

    def digest(self, text: str | None) -> str:
        """The text, if it is a digest. Raises RegistryError."""
        if text is None or not is_digest(text):
            message = f"'{(text or '')[:100]}' is not an accepted digest: use sha256: and 64 hexadecimal digits."
            raise RegistryError("DIGEST_INVALID", 400, message)
        return text
