"""The images of an installation: their store, and what pulls an image that is not in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from moyai.app import image_sources
from moyai.app.clock import SystemClock
from moyai.app.config import ImageSettings
from moyai.app.state_paths import StatePaths
from moyai.images.imports.older_store import open_store
from moyai.images.names import ImageNames
from moyai.images.progress import Report, log_progress
from moyai.images.puller import ImagePuller, PullRequest, PullSource
from moyai.images.store.image_store import ImageStore
from moyai.runtime.linux.runtime_paths import RuntimePaths

if TYPE_CHECKING:  # a command about images has no world, which the registry reads
    from moyai.images.hosted_registry import HostedRegistry


class _DeferredSources:
    """The sources of one process, made for the first image that is pulled."""

    def __init__(self, make: Callable[[], image_sources.ImageSources]) -> None:
        self._make = make
        self._sources: image_sources.ImageSources | None = None

    def __call__(self, request: PullRequest) -> Sequence[PullSource]:
        """The sources for a request, in the order in which they are asked."""
        if self._sources is None:
            self._sources = self._make()
        return self._sources(request)

    async def close(self) -> None:
        """Close the connections to engines and registries."""
        if self._sources is not None:
            await self._sources.close()


def make_images(state: StatePaths) -> ImageStore:
    """The store of the installation's images, with its directories."""
    paths = RuntimePaths(state.root)
    paths.create_directories()
    return open_store(paths.images)


def make_puller(
    state: StatePaths, settings: ImageSettings, hosted: HostedRegistry | None = None, report: Report = log_progress
) -> ImagePuller:
    """The puller of one installation. ``hosted``: moyai's own ECR, if this process serves it."""
    directory = RuntimePaths(state.root).images
    sources = _DeferredSources(lambda: image_sources.ImageSources(settings, SystemClock(), directory, hosted))
    return ImagePuller(make_images(state), sources, ImageNames(settings.names), settings.pull_behavior, report)
