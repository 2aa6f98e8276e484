"""An empty store of images for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from moyai.images.store.image_store import ImageStore


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    return ImageStore(tmp_path / "images")
