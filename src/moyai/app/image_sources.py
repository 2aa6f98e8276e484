"""The sources of an image that is not in the store: the machine's engines, moyai's own ECR, the registry. They are
apart, because the first image that is pulled imports them.

Promise: an image of a repository that moyai's ECR has is never requested from AWS.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from moyai.app.config import ImageSettings
from moyai.images.engine import EngineSource
from moyai.images.puller import PullRequest, PullSource
from moyai.images.registry.client import RegistryClient
from moyai.images.registry.docker_config import DockerConfig
from moyai.images.registry.ecr_credentials import EcrCredentials
from moyai.images.registry.keychain import Keychain
from moyai.kernel.clock import Clock

if TYPE_CHECKING:  # a command about images has no world, which the registry reads
    from moyai.images.hosted_registry import HostedRegistry


class ImageSources:
    """The sources of one process, with their connections. ``directory``: for archives that engines send. ``hosted``:
    moyai's own ECR, if this process has it.
    """

    def __init__(
        self, settings: ImageSettings, clock: Clock, directory: Path, hosted: HostedRegistry | None = None
    ) -> None:
        file = settings.registries.docker_config
        keychain = Keychain(EcrCredentials(clock), None if file is None else DockerConfig(file))
        self._registries = RegistryClient(settings.registries, clock, keychain)
        self._engines = [EngineSource(socket, directory) for socket in settings.engines]
        self._hosted = hosted

    def __call__(self, request: PullRequest) -> Sequence[PullSource]:
        """The sources for a request, in the order in which they are asked."""
        engines = [PullSource(engine, engine.image_id) for engine in self._engines]
        if self._hosted is not None and self._hosted.serves(request.reference):
            return [*engines, PullSource(self._hosted, self._hosted.current_digest)]
        client = self._registries
        if request.credentials is not None:
            client = client.with_credentials(request.reference.registry, request.credentials)
        return [*engines, PullSource(client, client.digest)]

    async def close(self) -> None:
        """Close the connections to engines and registries."""
        for engine in self._engines:
            await engine.close()
        await self._registries.close()
