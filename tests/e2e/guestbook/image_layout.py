"""An OCI layout with the images of examples/guestbook: what its Dockerfiles make, and what they are made from.

The instructions of a Dockerfile that copy files and describe the image are carried out. ``RUN`` is not: the programs
that it would install are in the layer that all images share.
Source: https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from moyai.images.imports.tree_archive import open_tree
from moyai.images.manifest import OCI_CONFIG, OCI_LAYER, make_manifest
from moyai.images.model import Descriptor, digest_of, host_platform
from tests.e2e.guestbook.public_images import ROOT, File, PublicImage, public_images

_LISTS = {"ENTRYPOINT": "Entrypoint", "CMD": "Cmd"}
_TEXTS = {"USER": "User", "WORKDIR": "WorkingDir", "STOPSIGNAL": "StopSignal"}
_NAME = "io.containerd.image.name"


def write_layout(folder: Path, built: Mapping[str, Path]) -> None:
    """Write the public images and those that are ``built`` from directories with a Dockerfile, by their names."""
    blobs = _Blobs(folder / "blobs/sha256")
    root = blobs.add_tree(ROOT)
    images = dict(public_images())
    layers = {name: [root, *blobs.add_files(image.files)] for name, image in images.items()}
    for name, directory in built.items():
        base, image = _build(directory, images)
        images[name], layers[name] = image, [*layers[base], *blobs.add_files(image.files)]
    manifests = [blobs.add_image(layers[name], image.config, name) for name, image in images.items()]
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": manifests}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


def _build(directory: Path, images: Mapping[str, PublicImage]) -> tuple[str, PublicImage]:
    """The name of the base, and the image."""
    base = ""
    files: dict[str, File] = {}
    config: dict[str, Any] = {}
    for line in (directory / "Dockerfile").read_text().splitlines():
        instruction, _, rest = line.partition(" ")
        if instruction == "FROM":
            base, config = rest, dict(images[rest].config)
        elif instruction == "COPY":
            files |= dict(_copied(directory, rest.split()))
        elif instruction == "ENV":
            config["Env"] = [*config.get("Env", []), *shlex.split(rest)]
        elif instruction in _LISTS:
            config |= {"Cmd": []} if instruction == "ENTRYPOINT" else {}
            config[_LISTS[instruction]] = json.loads(rest)
        elif instruction in _TEXTS:
            config[_TEXTS[instruction]] = rest
        elif instruction == "VOLUME":
            config["Volumes"] = {rest: {}}
        elif instruction == "EXPOSE":
            config["ExposedPorts"] = {f"{rest}/tcp": {}}
        else:
            assert instruction == "RUN" or line.startswith("#"), line
    return base, PublicImage(files, config)


def _copied(directory: Path, words: list[str]) -> Iterator[tuple[str, File]]:
    *sources, target = words
    for source in (directory / word for word in sources):
        for path in sorted(source.rglob("*")) if source.is_dir() else [source]:
            if path.is_file():
                name = path.relative_to(source if source.is_dir() else directory)
                yield f"{target.strip('/')}/{name}", File(path.read_bytes())


class _Blobs:
    """The folder ``blobs/sha256`` of a layout."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self._folder = folder

    def add_tree(self, root: Path) -> Descriptor:
        """The layer with a directory's files."""
        file = self._folder / "root"
        with open_tree(root) as tree, file.open("wb") as archive:
            shutil.copyfileobj(tree, archive)
        with file.open("rb") as archive:
            digest = hashlib.file_digest(archive, "sha256").hexdigest()
        file.rename(self._folder / digest)
        return Descriptor(OCI_LAYER, f"sha256:{digest}", (self._folder / digest).stat().st_size)

    def add_files(self, files: Mapping[str, File]) -> list[Descriptor]:
        """The layer with these files, if there are any. All are executable, because entry points have to be."""
        if not files:
            return []
        buffer = BytesIO()
        with tarfile.open(fileobj=buffer, mode="w") as archive:
            for name, file in files.items():
                member = tarfile.TarInfo(name)
                if file.target:
                    member.type, member.linkname = tarfile.SYMTYPE, file.target
                member.size, member.mode = len(file.content), 0o755
                archive.addfile(member, BytesIO(file.content))
        return [self._add(buffer.getvalue(), OCI_LAYER)]

    def add_image(self, layers: list[Descriptor], config: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        """The entry of the image in the index."""
        platform = host_platform()
        document = {
            "os": platform.os,
            "architecture": platform.architecture,
            "config": config,
            "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
        }
        config_file = json.dumps(document).encode()
        self._add(config_file, OCI_CONFIG)
        manifest = self._add(make_manifest(config_file, layers), "application/vnd.oci.image.manifest.v1+json")
        return {
            "mediaType": manifest.media_type,
            "digest": manifest.digest,
            "size": manifest.size,
            "annotations": {_NAME: name},
        }

    def _add(self, content: bytes, media_type: str) -> Descriptor:
        digest = digest_of(content)
        (self._folder / digest.removeprefix("sha256:")).write_bytes(content)
        return Descriptor(media_type, digest, len(content))
