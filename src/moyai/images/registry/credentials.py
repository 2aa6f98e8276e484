"""Credentials of a registry, and where they come from.

Promise: secrets are not printed. Each of the credentials knows where it comes from, so that an error can say whose were
refused.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Protocol

import msgspec
from typing_extensions import override

from moyai.kernel.clock import Instant
from moyai.kernel.errors import MoyaiError
from moyai.kernel.secret import Secret


class CredentialsFailed(MoyaiError):
    """Credentials are configured but could not be read. The message says where, and why."""


class Credentials(msgspec.Struct, frozen=True):
    """A user of a registry."""

    username: str
    password: Secret
    origin: str
    """The origin of the credentials, for errors: the path of ``config.json``, a program, an ARN."""
    is_identity_token: bool = False
    """The password is a refresh token (OAuth 2), which is exchanged for access tokens."""
    expires: Instant | None = None

    @property
    def basic(self) -> str:
        """The Authorization header of basic authentication (RFC 7617)."""
        pair = f"{self.username}:{self.password.reveal()}".encode()
        return f"Basic {b64encode(pair).decode()}"


class CredentialSource(Protocol):
    """Knows the credentials of registries."""

    async def find(self, registry: str) -> Credentials | None:
        """The credentials of the registry; None for anonymous requests. Raises CredentialsFailed."""


class FixedCredentials(CredentialSource):
    """The credentials of one registry that a task definition names (``repositoryCredentials``).

    Other registries, such as mirrors, never see them.
    """

    def __init__(self, registry: str, credentials: Credentials) -> None:
        self._registry = registry
        self._credentials = credentials

    @override
    async def find(self, registry: str) -> Credentials | None:
        return self._credentials if registry == self._registry else None
