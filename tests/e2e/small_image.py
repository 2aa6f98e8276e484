"""A root file system of this machine's programs for an image: a shell, Python, users, su and setuid programs."""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Iterable
from pathlib import Path

from moyai.cli.demo.machine_files import copy_program, copy_python, make_folders
from moyai.domain.sandbox.spec import ContainerSpec
from moyai.kernel.ids import TaskId
from tests.contract.runtime.adapters import TASK
from tests.e2e.linux_tasks import shell

IMAGE = "example/small:1"
PROGRAMS = (
    *("sh", "cat", "ls", "id", "stat", "chown", "chmod", "ln", "rm", "mkdir", "touch", "cp", "mv", "sleep", "echo"),
    *("su", "grep", "head", "env", "tty", "mount", "getcap", "setcap", "kill", "true", "dd", "df"),
    *("mkfifo", "tr", "truncate", "cut", "sort", "sed", "timeout", "hostname"),
)
_PAM_MODULES = ("pam_rootok.so", "pam_permit.so")
_FILES = {
    "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nweb:x:33:33:web:/srv:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n",
    "etc/group": "root:x:0:\nshadow:x:42:\nweb:x:33:\nextra:x:44:web\nnogroup:x:65534:\n",
    "etc/shadow": "root:*:1::::::\nweb:*:1::::::\n",
    "etc/pam.d/su": "auth sufficient pam_rootok.so\nauth required pam_permit.so\n"
    "account required pam_permit.so\nsession required pam_permit.so\n",
    "srv/owned": "of web\n",
    "srv/replaced/lower": "below\n",
    "srv/removed": "gone\n",
}
_OWNERS = {
    "etc/shadow": (0, 42, 0o640),
    "srv": (33, 33, 0o755),
    "srv/owned": (33, 33, 0o644),
    "usr/bin/su": (0, 0, 0o4755),
    "usr/bin/setuid-id": (0, 0, 0o4755),
    "usr/bin/web-id": (33, 33, 0o6755),
}
_SETUID_CAPABILITY = struct.pack("<IIIII", 0x02000001, 1 << 7, 0, 0, 0)
"""``struct vfs_cap_data`` of version 2: SETUID, permitted and effective."""


def line(words: str, name: str = "app", task: TaskId = TASK, **rest: object) -> ContainerSpec:
    """A container of the image that runs a shell command."""
    return shell(words, name, task, **{"image": IMAGE} | rest)


def make_root(root: Path) -> None:
    """Fill an empty directory."""
    make_folders(root)
    copy_programs(root, PROGRAMS)
    _copy_pam(root)
    python = copy_python(root)
    for name, text in _FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for name in ("setuid-id", "web-id"):
        shutil.copy(root / "usr/bin/id", root / "usr/bin" / name)
    capable = python.with_name("capable")  # beside Python, because it finds its library from where it is
    shutil.copy(python, capable)
    if not (root / "usr/bin/capable").exists():
        (root / "usr/bin/capable").symlink_to(f"/{capable.relative_to(root)}")
    for name, (uid, gid, mode) in _OWNERS.items():
        os.chown(root / name, uid, gid)
        (root / name).chmod(mode)
    os.setxattr(capable, "security.capability", _SETUID_CAPABILITY)


def copy_programs(root: Path, names: Iterable[str]) -> None:
    """Copy programs of this machine with the libraries that they need."""
    for name in names:
        program = shutil.which(name, path="/usr/bin:/usr/sbin")
        assert program is not None, name
        copy_program(root, Path(program), f"usr/bin/{name}")


def _copy_pam(root: Path) -> None:
    [folder] = {path.parent for path in Path("/usr/lib").glob("*/security/pam_rootok.so")}
    for module in _PAM_MODULES:
        copy_program(root, folder / module, str((folder / module).relative_to("/")))
