"""An image of twelve layers with a shell, as an archive that moyai and Docker load."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the tests' images

from tests.container_images import container_image

LAYERS: Final = 12
NAME: Final = "bench/layers:1"
PROGRAMS: Final = ("/bin/sh", "/usr/bin/date", "/usr/bin/sleep")


def save_image(archive: Path) -> None:
    """Write the archive, as `docker save` would. The programs are in the lowest layer, and a file in each other one."""
    programs = {name.lstrip("/"): Path(name).read_bytes() for name in (*PROGRAMS, *_libraries())}
    image = container_image([programs, *({f"srv/{number}": b"x"} for number in range(1, LAYERS))])
    config, *layers = image.blobs
    names = [f"{number}/layer.tar" for number in range(len(layers))]
    manifest = json.dumps([{"Config": "config.json", "RepoTags": [NAME], "Layers": names}]).encode()
    contents = {"manifest.json": manifest, "config.json": config.data}
    contents |= {name: layer.data for name, layer in zip(names, layers, strict=True)}
    with tarfile.open(archive, "w") as tar:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def _libraries() -> list[str]:
    listed = subprocess.run(["ldd", *PROGRAMS], capture_output=True, text=True, check=True).stdout  # noqa: S603, S607
    words = (word for line in listed.splitlines() for word in line.split() if word.startswith("/"))
    return sorted({word for word in words if not word.endswith(":")})
