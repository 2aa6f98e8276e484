"""What the end-to-end tests share."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from tests.contract.runtime.places import LinuxPlace


@pytest.fixture
async def linux():
    """A linux runtime with a state directory outside of /tmp, which containers don't see anyway."""
    state = Path(tempfile.mkdtemp(prefix="moyai-test-", dir="/var/tmp"))
    place = LinuxPlace(state)
    try:
        yield place
    finally:
        try:
            await place.leave()
        finally:
            shutil.rmtree(state)
