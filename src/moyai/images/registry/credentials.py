"""Credentials for registries, and the protocol of their sources.

Promise: secrets are not printed. Credentials have their origin, so that an error can name those that were refused.
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
    """Configured credentials could not be read. The message says from where, and why."""


class Credentials(msgspec.Struct, frozen=True):
    """The credentials of a user for a registry."""

    username: str
    password: Secret
    origin: str
    """The origin of the credentials, for errors: the path of ``config.json``, a program, an ARN."""
    is_identity_token: bool = False
    """Whether the password is a refresh token (OAuth 2), which is exchanged for access tokens."""
    expires: Instant | None = None

    @property
    def basic(self) -> str:
        """The Authorization header of basic authentication (RFC 7617)."""
        pair = f"{self.username}:{self.password.reveal()}".encode()
        return f"Basic {b64encode(pair).decode()}"


class CredentialSource(Protocol):
    """A source of credentials for registries."""

    async def find(self, registry: str) -> Credentials | None:
        """The credentials for a registry; None for anonymous requests. Raises CredentialsFailed."""


class FixedCredentials(CredentialSource):
    """The credentials for one registry from a task definition's ``repositoryCredentials``.

    They are never sent to other registries, such as mirrors.
    """

    def __init__(self, registry: str, credentials: Credentials) -> None:
        self._registry = registry
        self._credentials = credentials

    @override
    async def find(self, registry: str) -> Credentials | None:
        return self._credentials if registry == self._registry else None
