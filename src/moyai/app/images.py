"""The images of the linux runtime. Apart from it: who imports one need not wait for what runs it."""

from __future__ import annotations

from moyai.app.config import StatePaths
from moyai.runtime.linux.images import HOST_IMAGE, ImageStore
from moyai.runtime.linux.layout import Layout

BASE_IMAGE = HOST_IMAGE
"""What an imported image may be laid over."""


def make_images(state: StatePaths) -> ImageStore:
    """The images of one installation."""
    layout = Layout(state.root)
    layout.make()
    return ImageStore(layout.images)
