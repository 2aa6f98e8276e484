"""The threads of the runtime linux."""

from __future__ import annotations

import pytest

from moyai.ports.runtime import CannotCreate
from moyai.runtime.linux.workers import Workers


def _fail() -> None:
    raise OSError("no space left on device")


async def test_failures_of_work_in_the_background_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    workers = Workers()
    workers.start(_fail)
    await workers.close()
    assert "no space left on device" in caplog.text


async def test_an_error_of_the_machine_becomes_one_of_the_port() -> None:
    workers = Workers()
    with pytest.raises(CannotCreate, match="no space left"):
        await workers.run_with_port_errors(_fail)
    await workers.close()
