"""Credentials of a registry, and where they come from.

Promise: secrets are not printed. Each of the credentials knows where it comes from, so that an error can say whose were
refused.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Protocol

import msgspec

from moyai.kernel.clock import Instant
from moyai.kernel.errors import MoyaiError
from moyai.kernel.secret import Secret


class CredentialsFailed(MoyaiError):
    """Credentials are configured and cannot be had. The text says where, and why."""


class Credentials(msgspec.Struct, frozen=True):
    """A user of a registry."""

    username: str
    password: Secret
    origin: str
    """Where they come from, for errors: the path of ``config.json``, a program, an ARN."""
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
        """Those of the registry; None = it is asked anonymously. Raises CredentialsFailed."""


class FixedCredentials:
    """The credentials of one registry that a task definition names (``repositoryCredentials``). A ``CredentialSource``.

    Other registries, such as mirrors, never see them.
    """

    def __init__(self, registry: str, credentials: Credentials) -> None:
        self._registry = registry
        self._credentials = credentials

    async def find(self, registry: str) -> Credentials | None:
        """See ``CredentialSource``."""
        return self._credentials if registry == self._registry else None


class _RegistrySecret(msgspec.Struct):
    username: str
    password: str


_SECRET = msgspec.json.Decoder(_RegistrySecret)
_MAX_SECRET_BYTES = 65536  # Secrets Manager's own limit


def parse_repository_credentials(content: str, arn: str) -> Credentials:
    """The credentials in a secret that ``repositoryCredentials`` names: ``{"username": …, "password": …}``. Raises
    CredentialsFailed; its text has nothing of the secret.
    Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/private-auth.html
    """
    if len(content) > _MAX_SECRET_BYTES:
        raise CredentialsFailed(f"the secret {arn} has more than {_MAX_SECRET_BYTES} characters")
    try:
        secret = _SECRET.decode(content)
    except msgspec.MsgspecError:
        raise CredentialsFailed(
            f'the secret {arn} is not registry credentials: store {{"username": "NAME", "password": "PASSWORD"}} in it'
        ) from None
    return Credentials(secret.username, Secret(secret.password), f"the secret {arn}")
