"""Debian's container registry (CNCF Distribution) on loopback, with images that tests push into it."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.container_images import ContainerImage, Content, attestation_manifest
from tests.e2e.waiting import eventually

_LISTENING = re.compile(r"listening on [0-9.]+:(\d+)")
PASSWORD = "secret"
HTPASSWD = "me:$2b$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n"
"""The user ``me`` with PASSWORD."""


class DockerRegistry:
    """A registry that runs."""

    def __init__(self, port: int, address: str = "127.0.0.1") -> None:
        self.port = port
        self.name = f"{address}:{port}"
        """As references have it."""

    def push(self, repository: str, tag: str, image: ContainerImage, index: Content | None = None, **how: Any) -> None:
        """Push an image; ``index``: what the tag stands for. ``how``: of httpx's client, such as ``auth``."""
        scheme = "https" if "verify" in how else "http"
        with httpx.Client(base_url=f"{scheme}://{self.name}/v2/{repository}/", timeout=60, **how) as client:
            images = (image,) if index is None else (image, attestation_manifest())
            for blob in (blob for image in images for blob in image.blobs):
                upload = client.post("blobs/uploads/").raise_for_status().headers["location"]
                client.put(
                    httpx.URL(upload).copy_merge_params({"digest": blob.digest}), content=blob.data
                ).raise_for_status()
            names = {image.manifest.digest: image.manifest for image in images} | {tag: index or image.manifest}
            for name, content in names.items():
                headers = {"content-type": content.media_type}
                client.put(f"manifests/{name}", content=content.data, headers=headers).raise_for_status()


@contextmanager
def docker_registry(
    folder: Path, http: Mapping[str, object] | None = None, address: str = "127.0.0.1", **settings: object
) -> Iterator[DockerRegistry]:
    """Run a registry whose files are in ``folder``. ``http`` and ``settings``: more of its configuration."""
    program = shutil.which("docker-registry")
    if program is None and shutil.which("apt-get") is None:
        pytest.skip("there is no docker-registry for this system")
    assert program is not None, "run `make setup` as `make test` does: scripts/setup.sh --registry"
    configuration = {
        "version": 0.1,
        "log": {"level": "info", "formatter": "json"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "storage")}},
        "http": {"addr": f"{address}:0", "secret": "secret", **(http or {})},
        **settings,
    }
    (folder / "config.yml").write_text(json.dumps(configuration))  # JSON is YAML
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen([program, "serve", str(folder / "config.yml")], stdout=output, stderr=output)
    try:
        port = eventually(lambda: _port(process, log), "the registry listens")
        yield DockerRegistry(port, address)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    """The port that the registry has chosen; 0 while it starts."""
    assert process.poll() is None, log.read_text()[-2000:]
    listening = _LISTENING.search(log.read_text())
    return int(listening[1]) if listening else 0
