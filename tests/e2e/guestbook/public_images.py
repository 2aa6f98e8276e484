"""Stand-ins for the public images that the guestbook names: Debian's programs, started as the public images start them.

Each has the users, the volumes, the stop signal and the kind of entry point that the public image has, on top of one
layer that they share, the root file system of ``scripts/setup.sh --services``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[3] / ".venv/services"
_ENTRYPOINTS = Path(__file__).with_name("entrypoints")
_ROUTER = Path(__file__).parents[1] / "apps/router.py"
_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NGINX_CONF = b"""user nginx;
worker_processes auto;
error_log /var/log/nginx/error.log notice;
pid /run/nginx.pid;
events { worker_connections 1024; }
http { access_log /var/log/nginx/access.log; include /etc/nginx/mime.types; include /etc/nginx/conf.d/*.conf; }
"""


class File(NamedTuple):
    """A file of a layer; a link if it has a target."""

    content: bytes = b""
    target: str = ""


class PublicImage(NamedTuple):
    """An image: the files that it adds to the shared layer, and its configuration."""

    files: Mapping[str, File]
    config: Mapping[str, Any]


def require_root() -> None:
    """Skip the test where there is no root file system to make images from."""
    if not ROOT.is_dir() and (ROOT.parent / "services.log").exists():
        pytest.skip("Debian with services could not be made: see .venv/services.log")
    if not ROOT.is_dir():
        if os.geteuid() == 0 and "ID=debian\n" in Path("/etc/os-release").read_text():
            pytest.fail("run `make setup` as `make test` does: scripts/setup.sh --services")
        pytest.skip("only on Debian are there images of services")


def _with_entrypoint(
    name: str, config: Mapping[str, Any], files: Mapping[str, File] = MappingProxyType({})
) -> PublicImage:
    entrypoint = File((_ENTRYPOINTS / f"{name}.sh").read_bytes())
    return PublicImage(
        {"usr/local/bin/docker-entrypoint.sh": entrypoint, **files},
        {"Env": [_PATH], "Entrypoint": ["docker-entrypoint.sh"], **config},
    )


def public_images() -> Mapping[str, PublicImage]:
    """The images by their names."""
    postgres = {
        "Env": [f"PATH=/usr/lib/postgresql/17/bin:{_PATH[5:]}", "PGDATA=/var/lib/postgresql/data", "LANG=C.UTF-8"],
        "Cmd": ["postgres"],
        "Volumes": {"/var/lib/postgresql/data": {}},
        "StopSignal": "SIGINT",
        "ExposedPorts": {"5432/tcp": {}},
    }
    redis = {"Cmd": ["redis-server"], "WorkingDir": "/data", "Volumes": {"/data": {}}, "ExposedPorts": {"6379/tcp": {}}}
    nginx = {"Cmd": ["nginx", "-g", "daemon off;"], "StopSignal": "SIGQUIT", "ExposedPorts": {"80/tcp": {}}}
    nginx_files = {
        "etc/nginx/nginx.conf": File(_NGINX_CONF),
        "etc/nginx/conf.d/.keep": File(),
        "var/log/nginx/access.log": File(target="/dev/stdout"),
        "var/log/nginx/error.log": File(target="/dev/stderr"),
    }
    router = {"Env": [_PATH], "Cmd": ["python3", "/router.py", "/fluent-bit/etc/fluent-bit.conf"]}
    return {
        "docker.io/library/postgres:17": _with_entrypoint("postgres", postgres),
        "docker.io/library/redis:7": _with_entrypoint("redis", redis, {"data/.keep": File()}),
        "docker.io/library/nginx:1.27": _with_entrypoint("nginx", nginx, nginx_files),
        "docker.io/library/node:22-slim": _with_entrypoint("node", {"Cmd": ["node"]}),
        "docker.io/library/python:3.13-slim": PublicImage({}, {"Env": [_PATH], "Cmd": ["python3"]}),
        "public.ecr.aws/aws-observability/aws-for-fluent-bit:stable": PublicImage(
            {"router.py": File(_ROUTER.read_bytes())}, router
        ),
    }
