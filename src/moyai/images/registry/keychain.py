"""The user's own credentials: AWS keys for ECR, and Docker's ``config.json`` for every registry.

Promise: for a registry of ECR the AWS keys count first, as they give a token whenever one is needed, while that of a
``docker login`` ends after twelve hours. If they give none, the file is asked.
"""

from __future__ import annotations

from typing_extensions import override

from moyai.images.registry.credentials import Credentials, CredentialsFailed, CredentialSource
from moyai.images.registry.docker_config import DockerConfig
from moyai.images.registry.ecr_credentials import EcrCredentials


class Keychain(CredentialSource):
    """The user's own credentials. ``docker_config``: None = there is none."""

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
