"""Reads the user's credentials for registries from Docker's ``config.json``.

Promise: the file is read for each look-up, so that a ``docker login`` takes effect at once, and never written. A helper
that it names for the registry takes precedence over its own entries, as in Docker.
Source: https://docs.docker.com/reference/cli/docker/login/#credential-stores
"""

from __future__ import annotations

import asyncio
import binascii
from base64 import b64decode
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import msgspec
from typing_extensions import override

from moyai.images.reference import DOCKER_HUB
from moyai.images.registry.credential_helpers import ask_helper
from moyai.images.registry.credentials import Credentials, CredentialsFailed, CredentialSource
from moyai.kernel.secret import Secret

_DOCKER_HUB_KEY: Final = "https://index.docker.io/v1/"
_MAX_BYTES: Final = 1024 * 1024


class _Entry(msgspec.Struct):
    auth: str = ""
    username: str = ""
    password: str = ""
    identitytoken: str = ""


class _Config(msgspec.Struct, rename="camel"):
    auths: dict[str, _Entry] = {}
    creds_store: str = ""
    cred_helpers: dict[str, str] = {}


_CONFIG = msgspec.json.Decoder(_Config)


class DockerConfig(CredentialSource):
    """The credentials in one ``config.json``."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @override
    async def find(self, registry: str) -> Credentials | None:
        config = await asyncio.to_thread(self._read)
        key = _DOCKER_HUB_KEY if registry == DOCKER_HUB else registry
        helper = config.cred_helpers.get(key) or config.cred_helpers.get(registry)
        if helper:
            return await ask_helper(helper, key)
        if config.creds_store and (credentials := await ask_helper(config.creds_store, key)):
            return credentials
        entry = _entry(config, registry, key)
        return None if entry is None else self._credentials(entry, registry)

    def _read(self) -> _Config:
        try:
            with self._path.open("rb") as file:
                content = file.read(_MAX_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError):
            return _Config()
        except OSError as error:
            raise CredentialsFailed(f"{self._path} can't be read: {error.strerror}") from error
        if len(content) > _MAX_BYTES:
            raise CredentialsFailed(f"{self._path} has more than {_MAX_BYTES} bytes")
        try:
            return _CONFIG.decode(content)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise CredentialsFailed(f"{self._path} is not a configuration of Docker: {error}") from error

    def _credentials(self, entry: _Entry, registry: str) -> Credentials | None:
        username, password = entry.username, entry.password
        if entry.auth:
            try:
                username, _, password = b64decode(entry.auth, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                raise CredentialsFailed(
                    f"{self._path} has an auth for {registry} that is not base64 of NAME:PASSWORD;"
                    f" run `docker login {registry}` again"
                ) from None
            password = password.rstrip("\0")  # written by old versions of Docker
        origin = str(self._path)
        if entry.identitytoken:
            return Credentials(username, Secret(entry.identitytoken), origin, is_identity_token=True)
        return Credentials(username, Secret(password), origin) if username else None


def _entry(config: _Config, registry: str, key: str) -> _Entry | None:
    """The entry of a registry, which old versions of Docker have written under a URL."""
    if key in config.auths:
        return config.auths[key]
    return next((entry for name, entry in config.auths.items() if _host(name) == registry), None)


def _host(name: str) -> str:
    return urlsplit(name).netloc if name.startswith(("http://", "https://")) else name.partition("/")[0]
