"""A root directory with this machine's python3 and what it needs to run, for an image that no registry has."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

_LEFT_OUT = ("__pycache__", "ensurepip", "idlelib", "lib2to3", "site-packages", "dist-packages", "test", "tkinter")
_FOLDERS = ("dev", "etc", "proc", "sys", "tmp", "usr/bin")


def make_root(root: Path) -> None:
    """Fill an empty directory. ``python3`` is in /usr/bin."""
    python, library = Path(os.path.realpath(sys.executable)), Path(sysconfig.get_path("stdlib"))
    shutil.copytree(library, below(root, library), ignore=shutil.ignore_patterns(*_LEFT_OUT))
    for program in (python, *library.glob("lib-dynload/*.so")):
        for file in (program, *_libraries(program)):
            target = below(root, file)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
    for folder in _FOLDERS:
        (root / folder).mkdir(parents=True, exist_ok=True)
    if not (root / "usr/bin/python3").exists():
        (root / "usr/bin/python3").symlink_to(python)
    (root / "etc/passwd").write_text("root:x:0:0:root:/:/bin/sh\n")


def below(root: Path, path: Path) -> Path:
    """Where an absolute path is in another root directory."""
    return root / path.relative_to("/")


def _libraries(program: Path) -> list[Path]:
    """The shared libraries that a program needs, with the loader."""
    stdout = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=True).stdout
    return [Path(word) for line in stdout.splitlines() for word in line.split() if word.startswith("/")]
