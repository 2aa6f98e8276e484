"""The images of the linux runtime. A module of its own, so that `moyai image` does not import the whole runtime."""

from __future__ import annotations

from moyai.app.config import StatePaths
from moyai.runtime.linux.images.store import HOST_IMAGE, ImageStore
from moyai.runtime.linux.runtime_paths import RuntimePaths

BASE_IMAGE = HOST_IMAGE
"""The image that an imported one may use as its base."""


def make_images(state: StatePaths) -> ImageStore:
    """The images of one installation."""
    paths = RuntimePaths(state.root)
    paths.create_directories()
    return ImageStore(paths.images)
