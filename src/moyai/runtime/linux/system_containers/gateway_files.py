"""The directories of an Envoy of public ports, and the files that it reads: each is replaced atomically."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec

from moyai.runtime.linux.cgroups.groups import Cgroups
from moyai.runtime.linux.cgroups.limits import GroupLimits
from moyai.runtime.linux.launch.container_config import ContainerPlace
from moyai.runtime.linux.system_containers import configs, gateway_config

_LISTENERS: Final = "lds.json"
_OWNER: Final = int(configs.PROXY_USER.partition(":")[0])


def make_run_directory(run: Path) -> None:
    """Make the directory of the files, if it is missing."""
    run.mkdir(parents=True, exist_ok=True)
    os.chown(run, _OWNER, _OWNER)
    run.chmod(0o700)


def make_place(cgroups: Cgroups, group: str, container: Path, logs: Path, run: Path) -> ContainerPlace:
    """Make the directories and the control group of the container, and the file that Envoy starts with. ``run``: the
    directory of the files.
    """
    for directory in (container, logs):
        directory.mkdir(parents=True, exist_ok=True)
    write_if_changed(run, "bootstrap.json", gateway_config.bootstrap(configs.limits_of_proxies().connections))
    return ContainerPlace(container, logs, cgroups.create_for_container(group, GroupLimits()))


def write_if_changed(run: Path, name: str, value: Mapping[str, object]) -> None:
    """Replace a file atomically, unless it has this content already: Envoy reloads every file that is replaced."""
    content = msgspec.json.encode(value)
    path = run / name
    if path.is_symlink() or not path.is_file() or path.read_bytes() != content:
        _replace(path, content)


def write_listeners(run: Path, listeners: Mapping[str, object], *, retry: bool) -> None:
    """Replace the file of the listeners if it has changed. ``retry``: also if it has not, so that Envoy tries again to
    open those that have failed; those that are open stay open.
    """
    if retry:
        _replace(run / _LISTENERS, msgspec.json.encode(listeners))
    else:
        write_if_changed(run, _LISTENERS, listeners)


def _replace(path: Path, content: bytes) -> None:
    new = path.with_name(f".{path.name}")
    configs.write_private_file(new, content, (_OWNER, _OWNER))
    new.replace(path)
