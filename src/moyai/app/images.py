"""The images of the linux runtime. Apart from it: who imports one need not wait for what runs it."""

from __future__ import annotations

from moyai.app.config import StatePaths
from moyai.runtime.linux.images.store import HOST_IMAGE, ImageStore
from moyai.runtime.linux.runtime_paths import RuntimePaths

BASE_IMAGE = HOST_IMAGE
"""What an imported image may be laid over."""


def make_images(state: StatePaths) -> ImageStore:
    """The images of one installation."""
    paths = RuntimePaths(state.root)
    paths.create_directories()
    return ImageStore(paths.images)
