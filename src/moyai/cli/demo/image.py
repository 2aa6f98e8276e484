"""The example's image, built without a container engine and pushed to moyai's own registry.

It has two layers: Python with the packages that the services import, and the services. Python and the packages are
those that moyai itself runs with, so nothing is downloaded. ``examples/shop/Dockerfile`` makes the same from a public
image.
Source: https://github.com/opencontainers/image-spec/blob/main/config.md,
https://github.com/opencontainers/distribution-spec/blob/main/spec.md#push
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO

import httpx

from moyai.cli.demo.machine_files import copy_packages, copy_program, copy_python, make_folders
from moyai.cli.demo.shop import PUSHED_IMAGE
from moyai.images.imports.root_file_systems import image_documents
from moyai.images.imports.tree_archive import open_tree
from moyai.images.manifest import OCI_LAYER, OCI_MANIFEST
from moyai.images.model import Descriptor, ImageConfig, digest_of
from moyai.images.reference import parse_reference

_PACKAGES = ("grpcio", "protobuf", "typing-extensions")
_PACKAGES_FOLDER = "opt/packages"
_ACCOUNTS: Mapping[str, str] = MappingProxyType(
    {
        "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nshop:x:1000:1000:shop:/srv/shop:/bin/sh\n",
        "etc/group": "root:x:0:\nshop:x:1000:\n",
    }
)
_CONFIG = ImageConfig(
    user="shop",
    working_directory="/srv/shop",
    environment={
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": f"/{_PACKAGES_FOLDER}",
        "PYTHONDONTWRITEBYTECODE": "1",
    },
)
_TIMEOUT = 60.0
"""Seconds of silence after which the push fails."""


def push_example_image(url: str, app: Path) -> None:
    """Build the image of the example in ``app``, and push it as PUSHED_IMAGE to the registry of the server at ``url``.
    Raises OSError, PackageNotFoundError and httpx.HTTPError.
    """
    reference = parse_reference(PUSHED_IMAGE)
    registry_url = f"{url}/v2/{reference.repository}/"
    with _layers(app) as files, httpx.Client(base_url=registry_url, timeout=_TIMEOUT) as registry:
        layers = [_push_file(registry, file) for file in files]
        manifest, config = image_documents(layers, _CONFIG)
        _push_blob(registry, digest_of(config), config)
        pushed = registry.put(f"manifests/{reference.tag}", content=manifest, headers={"content-type": OCI_MANIFEST})
        pushed.raise_for_status()


@contextmanager
def _layers(app: Path) -> Iterator[Sequence[Path]]:
    """The archives of the image's layers, the lowest first."""
    with tempfile.TemporaryDirectory(prefix="moyai-image-") as temporary:
        python, services = Path(temporary, "python"), Path(temporary, "services")
        _make_python_layer(python)
        shutil.copytree(app / "image", services, ignore=shutil.ignore_patterns("__pycache__"))
        yield [_archive(python), _archive(services)]


def _make_python_layer(root: Path) -> None:
    make_folders(root)
    copy_program(root, Path("/bin/sh"), "usr/bin/sh")
    copy_python(root)
    copy_packages(root, _PACKAGES_FOLDER, _PACKAGES)
    for name, text in _ACCOUNTS.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)


def _archive(folder: Path) -> Path:
    """The archive of a folder, beside it."""
    file = folder.with_suffix(".tar")
    with open_tree(folder) as tree, file.open("wb") as archive:
        shutil.copyfileobj(tree, archive)
    return file


def _push_file(registry: httpx.Client, file: Path) -> Descriptor:
    with file.open("rb") as archive:
        digest = f"sha256:{hashlib.file_digest(archive, 'sha256').hexdigest()}"
        archive.seek(0)
        _push_blob(registry, digest, archive)
    return Descriptor(OCI_LAYER, digest, file.stat().st_size)


def _push_blob(registry: httpx.Client, digest: str, content: BinaryIO | bytes) -> None:
    upload_start = registry.post("blobs/uploads/").raise_for_status()
    upload = upload_start.url.join(upload_start.headers["location"])
    registry.put(upload, params={"digest": digest}, content=content).raise_for_status()
