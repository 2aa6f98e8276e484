"""Programs of this machine as the files of an image: each with the shared libraries that it loads.

The dynamic linker lists them (``ldd``), and every file keeps its path, so that a program finds in the image what it
finds here. Python comes with its standard library, at the path where it looks for it.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

_OMITTED_FOLDERS = (
    "__pycache__",
    "ensurepip",
    "idlelib",
    "lib2to3",
    "site-packages",
    "dist-packages",
    "test",
    "tkinter",
    "config-*",
)
"""Folders of the standard library that no server needs."""
_LINKS = ("bin", "sbin", "lib", "lib64")
"""Folders that are links to those in /usr, as on every system of today."""


def make_folders(root: Path) -> None:
    """Make the folders that every root file system has. ``root``: an empty directory."""
    for name in _LINKS:
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    for name in ("proc", "sys", "dev", "tmp", "root"):
        (root / name).mkdir()
    (root / "tmp").chmod(0o1777)


def copy_file(root: Path, file: Path, name: str) -> None:
    """Copy a file to ``name`` below ``root``, and make the folders above it. Raises OSError."""
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(file.resolve(), root / name)


def copy_program(root: Path, file: Path, name: str) -> None:
    """Copy a program or a library to ``name`` below ``root``, and the libraries that it loads. Raises OSError."""
    copy_file(root, file, name)
    ldd_output = subprocess.run(["ldd", str(file.resolve())], capture_output=True, text=True, check=False).stdout  # noqa: S603, S607 (the system's own)
    for library in {word for line in ldd_output.splitlines() for word in line.split() if word.startswith("/")}:
        if not (root / library[1:]).exists():
            copy_file(root, Path(library), library[1:])


def copy_python(root: Path) -> Path:
    """Copy this interpreter with its standard library, and link it as ``/usr/bin/python3``. Returns its path below
    ``root``. Raises OSError.
    """
    python, library = Path(os.path.realpath(sys.executable)), Path(sysconfig.get_path("stdlib"))
    shutil.copytree(library, root / library.relative_to("/"), ignore=shutil.ignore_patterns(*_OMITTED_FOLDERS))
    for program in (python, *library.glob("lib-dynload/*.so")):
        copy_program(root, program, str(program.relative_to("/")))
    link = root / "usr/bin/python3"
    if not link.exists():
        link.symlink_to(python)
    return root / python.relative_to("/")


def copy_packages(root: Path, folder: str, distributions: Iterable[str]) -> None:
    """Copy installed Python packages, without their scripts, to ``folder`` below ``root``, and the libraries that they
    load. Raises OSError and PackageNotFoundError.
    """
    for distribution in distributions:
        files = importlib.metadata.files(distribution)
        if files is None:
            raise FileNotFoundError(f"the Python package {distribution} has no list of its files")
        for file in files:
            if ".." in file.parts or file.suffix == ".pyc":
                continue
            copy = copy_program if ".so" in file.suffixes else copy_file
            copy(root, Path(str(file.locate())), f"{folder}/{file}")
