"""The user's own credentials: AWS keys for ECR, and Docker's ``config.json`` for every registry.

Promise: for a registry of ECR the AWS keys take precedence, because they give a new token at any time, while the token
of a ``docker login`` expires after twelve hours. If they give none, the file is read.
"""

from __future__ import annotations

from typing_extensions import override

from moyai.images.registry.credentials import Credentials, CredentialsFailed, CredentialSource
from moyai.images.registry.docker_config import DockerConfig
from moyai.images.registry.ecr_credentials import EcrCredentials


class Keychain(CredentialSource):
    """The user's own credentials. ``docker_config``: None if there is no such file."""

    def __init__(self, ecr: EcrCredentials, docker_config: DockerConfig | None) -> None:
        self._ecr = ecr
        self._docker_config = docker_config

    @override
    async def find(self, registry: str) -> Credentials | None:
        try:
            if credentials := await self._ecr.find(registry):
                return credentials
        except CredentialsFailed as failure:
            if credentials := await self._in_file(registry):
                return credentials
            raise CredentialsFailed(f"{failure}; and nobody is logged in to {registry}") from failure
        return await self._in_file(registry)

    async def _in_file(self, registry: str) -> Credentials | None:
        return None if self._docker_config is None else await self._docker_config.find(registry)
