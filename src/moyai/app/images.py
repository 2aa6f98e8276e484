"""The images of an installation. A module of its own, so that `moyai image` does not import the whole runtime."""

from __future__ import annotations

from moyai.app.state_paths import StatePaths
from moyai.images.imports.older_store import open_store
from moyai.images.store.image_store import ImageStore
from moyai.runtime.linux.runtime_paths import RuntimePaths


def make_images(state: StatePaths) -> ImageStore:
    """The images of one installation."""
    paths = RuntimePaths(state.root)
    paths.create_directories()
    return open_store(paths.images)
