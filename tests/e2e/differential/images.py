"""The images of the definitions, in one archive that Docker and moyai load alike."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from moyai.images.model import host_platform
from tests.e2e.small_image import make_root

HERE = Path(__file__).parent
PROGRAMS = ("report.py", "wait_for_signal.py")
WEB = 33

ROOT: Final = "root"
"""The layer with ``make_root``'s files, the programs, and what the definitions need."""
NO_TABLES: Final = "no tables"
"""A layer that removes ``/etc/passwd`` and ``/etc/group``."""
CHANGES: Final = "changes"
"""A layer that removes, replaces and makes opaque."""

_FILES: Mapping[str, tuple[str, int, int]] = {
    "srv/run.sh": ("#!/bin/sh\necho run by $0 in $PWD\n", 0, 0o755),
    "srv/no-interpreter": ("echo this is no program\n", 0, 0o755),
    "srv/missing-interpreter": ("#!/bin/sh\r\necho lines of another system\r\n", 0, 0o755),
    "srv/not-executable": ("#!/bin/sh\n", 0, 0o644),
    "data/of-web": ("content\n", WEB, 0o640),
    "data/below/of-root": ("content\n", 0, 0o600),
    "private/file": ("secret\n", 0, 0o600),
}
_DIRECTORIES: Mapping[str, tuple[int, int]] = {"data": (WEB, 0o750), "data/below": (WEB, 0o1777), "private": (0, 0o700)}
_USERS = "1000:x:5:6:a name that is a number:/five:\nhomeless:x:1001:1002::/none/such:/bin/sh\nshort:x:1003:1004\n"
_GROUPS = "2000:x:9:\nsecond:x:45:web,homeless\n"


def save_images(folder: Path, images: Mapping[str, tuple[Mapping[str, Any], tuple[str, ...]]]) -> Path:
    """An archive of images by their references, as `docker save` of older versions writes it. Each has a configuration
    and its layers, the lowest first. ``folder``: an empty directory.
    """
    layers = {ROOT: _root_layer(folder), NO_TABLES: _removal("etc/passwd", "etc/group"), CHANGES: _changes()}
    archive = folder / "images.tar"
    with tarfile.open(archive, "w") as tar:
        for name, content in layers.items():
            _add(tar, f"{name}/layer.tar", content)
        saved = []
        for reference, (config, names) in images.items():
            document = json.dumps(_document(config, [layers[name] for name in names])).encode()
            path = f"{hashlib.sha256(document).hexdigest()}.json"
            _add(tar, path, document)  # again for images that are the same
            saved.append({"Config": path, "RepoTags": [reference], "Layers": [f"{name}/layer.tar" for name in names]})
        _add(tar, "manifest.json", json.dumps(saved).encode())
    return archive


def _document(config: Mapping[str, Any], layers: Iterable[bytes]) -> Mapping[str, Any]:
    platform = host_platform()
    diff_ids = [f"sha256:{hashlib.sha256(layer).hexdigest()}" for layer in layers]
    return {
        "architecture": platform.architecture,
        "os": platform.os,
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": [{"created_by": "a test"} for _ in diff_ids],
    }


def _root_layer(folder: Path) -> bytes:
    root = folder / "root"
    root.mkdir()
    make_root(root)
    for program in PROGRAMS:
        shutil.copy(HERE / program, root / "srv")
    for name, (text, owner, mode) in _FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
        os.chown(path, owner, owner)
        path.chmod(mode)
    for name, (owner, mode) in _DIRECTORIES.items():
        os.chown(root / name, owner, owner)
        (root / name).chmod(mode)
    for name, text in (("passwd", _USERS), ("group", _GROUPS)):
        with (root / "etc" / name).open("a") as file:
            file.write(text)
    (root / "link").symlink_to("srv")
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(root.rglob("*")):
            member = tar.gettarinfo(path, str(path.relative_to(root)))
            if path.is_file() and not path.is_symlink() and "security.capability" in os.listxattr(path):
                value = os.getxattr(path, "security.capability").decode("utf-8", "surrogateescape")
                member.pax_headers = {"SCHILY.xattr.security.capability": value}
            if member.isreg():
                with path.open("rb") as file:
                    tar.addfile(member, file)
            else:
                tar.addfile(member)
    shutil.rmtree(root)
    return buffer.getvalue()


def _removal(*paths: str) -> bytes:
    return _layer({str(Path(path).with_name(f".wh.{Path(path).name}")): b"" for path in paths})


def _changes() -> bytes:
    return _layer(
        {
            "srv/.wh.removed": b"",
            "srv/replaced/.wh..wh..opq": b"",
            "srv/replaced/upper": b"above\n",
            "srv/owned": b"of root now\n",
        }
    )


def _layer(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            _add(tar, name, content)
    return buffer.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o644
    tar.addfile(member, io.BytesIO(content))
