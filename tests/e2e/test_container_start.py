"""How a container of an image starts: as in Docker, with which tests/e2e/differential compares more of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from moyai.domain.sandbox.spec import MemoryLimits
from tests.contract.runtime.adapters import TASK
from tests.e2e.linux_tasks import end_of, run
from tests.e2e.small_image import IMAGE, line

pytestmark = [pytest.mark.e2e, pytest.mark.root]


async def test_a_container_sees_its_limits_and_no_other_control_groups(small):
    words = """
        cd /sys/fs/cgroup; cat memory.max memory/memory.limit_in_bytes 2>/dev/null
        for file in memory.max memory/memory.limit_in_bytes; do
            [ ! -e $file ] || (echo 1 > $file) 2>/dev/null || echo sealed
        done
        cat /proc/self/cgroup | grep -c -v ':/$'; stat -c '%u %a' /dev/mqueue
    """
    _, lines = await run(small, line(words, memory=MemoryLimits(48)))
    assert lines == [str(48 * 1024**2), "sealed", "0", "0 1777"]


async def test_a_file_that_the_kernel_cannot_execute_ends_the_container(small):
    root = Path(small.runtime.images.find(IMAGE).layers[0])
    for name, text in (("none", "echo no program"), ("missing", "#!/bin/sh\r\n")):
        (root / "srv" / name).write_text(text)
        (root / "srv" / name).chmod(0o755)
    for name, reason in (("none", "exec format error"), ("missing", "no such file or directory")):
        container = line("", name, command=(f"/srv/{name}",))
        await small.runtime.start(container)
        state, _ = await end_of(small, TASK, name)
        errors = [printed.text async for printed in small.runtime.logs(TASK, name) if printed.stream == "stderr"]
        assert (state.exit_code, errors) == (1, [f"exec /srv/{name}: {reason}"])


async def test_the_working_directory_may_be_one_that_the_user_cannot_enter(small):
    (Path(small.runtime.images.find(IMAGE).layers[0]) / "root").chmod(0o700)
    _, lines = await run(small, line("pwd; ls . 2>/dev/null || echo refused", user="web", working_directory="/root"))
    assert lines == ["/root", "refused"]


async def test_a_read_only_root_has_setuid_programs_and_a_new_working_directory(small):
    words = "pwd; stat -c '%u:%g %a' .; setuid-id -u; touch x 2>/dev/null || echo read-only"
    _, lines = await run(small, line(words, user="web", working_directory="/new/work", readonly_root=True))
    assert lines == ["/new/work", "0:0 755", "0", "read-only"]
