"""Adds a root file system as an image with one layer, and makes its manifest and configuration."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from moyai.images.errors import BadContent
from moyai.images.imports.tree_archive import open_tree
from moyai.images.manifest import OCI_LAYER, make_manifest
from moyai.images.model import Descriptor, Image, ImageConfig, host_platform
from moyai.images.reference import HOST_IMAGE, ImageReference
from moyai.images.store.lease import Lease

_BASE = "org.opencontainers.image.base.name"
"""The annotation that gives an image over this machine's root another digest than an image of the same files alone.
Only the store records which images are over the root.
"""


def add_root_file_system(
    lease: Lease, source: Path, reference: ImageReference, config: ImageConfig, *, on_host: bool
) -> Image:
    """Add a directory or a (compressed) tar archive as an image. Raises PullFailed and OSError."""
    if source.is_dir():
        with open_tree(source) as archive:
            layer = lease.add_archive(archive)
    elif source.is_file():
        with source.open("rb") as archive:
            layer = lease.add_archive(archive)
    else:
        raise BadContent("it is neither a directory nor a file")
    layers = [Descriptor(OCI_LAYER, layer.diff_id, layer.size)]
    manifest, config_file = image_documents(layers, config, on_host=on_host)
    add = lease.add_image_on_host if on_host else lease.add_image
    return add(manifest, config_file, [reference])


def image_documents(layers: Sequence[Descriptor], config: ImageConfig, *, on_host: bool = False) -> tuple[bytes, bytes]:
    """The manifest and the configuration file of an image for this machine. ``layers``: uncompressed archives, the
    lowest first.
    """
    platform = host_platform()
    document = {
        "architecture": platform.architecture,
        "os": platform.os,
        "config": _defaults(config),
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
    }
    config_file = json.dumps(document, separators=(",", ":")).encode()
    annotations = {_BASE: HOST_IMAGE} if on_host else {}
    return make_manifest(config_file, layers, annotations), config_file


def _defaults(config: ImageConfig) -> dict[str, object]:
    members: dict[str, object] = {
        "Entrypoint": config.entry_point,
        "Cmd": config.command,
        "Env": [f"{name}={value}" for name, value in config.environment.items()],
        "WorkingDir": config.working_directory,
        "User": config.user,
        "StopSignal": config.stop_signal,
        "Volumes": {path: {} for path in config.volumes},
        "ExposedPorts": {port: {} for port in config.exposed_ports},
    }
    return {name: value for name, value in members.items() if value}
