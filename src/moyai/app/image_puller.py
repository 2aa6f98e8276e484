"""Wires the pulls of images into an installation's store."""

from __future__ import annotations

from moyai.app.clock import SystemClock
from moyai.app.config import ImageSettings
from moyai.app.image_sources import ImageSources
from moyai.app.images import make_images
from moyai.app.state_paths import StatePaths
from moyai.images.hosted_registry import HostedRegistry
from moyai.images.names import ImageNames
from moyai.images.progress import Report, log_progress
from moyai.images.puller import ImagePuller
from moyai.runtime.linux.runtime_paths import RuntimePaths


def make_puller(
    state: StatePaths, settings: ImageSettings, hosted: HostedRegistry | None = None, report: Report = log_progress
) -> ImagePuller:
    """The puller of one installation. ``hosted``: moyai's own ECR, if this process serves it."""
    sources = ImageSources(settings, SystemClock(), RuntimePaths(state.root).images, hosted)
    return ImagePuller(make_images(state), sources, ImageNames(settings.names), settings.pull_behavior, report)
