"""How a container of an image starts: as in Docker, with which tests/e2e/differential compares more of it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from moyai.domain.sandbox.spec import MemoryLimits
from tests.contract.runtime.adapters import TASK
from tests.e2e.linux_tasks import end_of, run
from tests.e2e.small_image import IMAGE, copy_programs, line

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


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="this machine has no dpkg")
async def test_a_package_manager_installs_files_of_several_users(small, package):
    """`dpkg -i` unpacks, changes owners and modes, and runs the package's script as root."""
    root = Path(small.runtime.images.find(IMAGE).layers[0])
    copy_programs(root, ("dpkg", "dpkg-deb", "dpkg-split", "tar", "diff", "ldconfig", "start-stop-daemon"))
    for directory in ("info", "updates", "triggers"):
        (root / "var/lib/dpkg" / directory).mkdir(parents=True)
    for table in ("status", "available"):
        (root / "var/lib/dpkg" / table).touch()
    shutil.copy(package, root / "srv/shop.deb")
    words = """
        export PATH=$PATH:/usr/sbin; dpkg -i /srv/shop.deb > /tmp/log 2>&1 || cat /tmp/log
        grep Status /var/lib/dpkg/status; stat -c '%U:%G %a' /opt/of-web /opt/id; cat /opt/ran; su web -c '/opt/id -u'
    """
    _, lines = await run(small, line(words))
    assert lines == ["Status: install ok installed", "web:extra 640", "root:root 4755", "0", "0"]


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A Debian package with a setuid program and a script."""
    folder = tmp_path / "package"
    (folder / "DEBIAN").mkdir(parents=True)
    (folder / "DEBIAN/control").write_text(
        "Package: shop\nVersion: 1\nArchitecture: all\nMaintainer: a test\nDescription: a test\n"
    )
    (folder / "DEBIAN/postinst").write_text("#!/bin/sh\nset -e\nchown web:extra /opt/of-web\nsetuid-id -u > /opt/ran\n")
    (folder / "DEBIAN/postinst").chmod(0o755)
    (folder / "opt").mkdir()
    for name, mode in (("of-web", 0o640), ("id", 0o4755)):
        shutil.copy("/usr/bin/id", folder / "opt" / name)
        (folder / "opt" / name).chmod(mode)
    archive = tmp_path / "shop.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", folder, archive], check=True)
    return archive
