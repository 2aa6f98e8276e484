"""What a container's root is made of: the host's own root, or an imported one.

``moyai.local/host`` is this machine's root, read-only under the container's writable layer. Others are
imported from a directory or a tar archive of a root file system, alone or as a layer on top of the host.
There is no registry client: what is not here can't be pulled, and the error says how to bring it in. An image keeps its
digest when its tag is given to another, and is found by it as long as tasks may need it.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from stat import S_ISDIR, S_ISLNK, S_ISREG

import msgspec
from msgspec.structs import replace

from moyai.kernel.errors import MoyaiError
from moyai.ports.runtime import ImageNotFound
from moyai.runtime.linux.digest import digest_of
from moyai.runtime.linux.rootfs import BadArchive, unpack

HOST_IMAGE = "moyai.local/host"

_REPLACED = ".replaced-"
_REFERENCE = re.compile(r"[a-z0-9][a-z0-9._/-]{0,254}(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?")


class ImageConfig(msgspec.Struct, frozen=True):
    """What a container runs when its definition doesn't say."""

    entry_point: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = {}
    working_directory: str = "/"
    user: str = "0"


class Image(msgspec.Struct, frozen=True):
    """An image that is here. ``layers``: absolute paths, the topmost first; ``on_host``: the host's root is below."""

    layers: tuple[str, ...]
    on_host: bool
    config: ImageConfig = ImageConfig()
    digest: str | None = None
    """``sha256:…``; the host's root has none: it is never twice the same."""


class _Manifest(msgspec.Struct, frozen=True):
    base: str | None
    config: ImageConfig
    name: str = ""
    """Without its tag."""
    digest: str | None = None


_READER = msgspec.json.Decoder(_Manifest)


class ImageRefused(MoyaiError):
    """The image can't be imported; the message says why."""


class ImageStore:
    """The images of one installation."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def find(self, reference: str, digest: str | None = None) -> Image:
        """The image of this name; without a tag, ``latest``. ``digest``: which one is meant, wherever its tag is now;
        the same as ``NAME@DIGEST``. Raises ImageNotFound.
        """
        name, _, named = reference.partition("@")
        if name in {HOST_IMAGE, f"{HOST_IMAGE}:latest"} and not named:
            return Image((), on_host=True)
        try:
            home = self._home(name)
        except ImageRefused as error:
            raise _not_here(reference) from error
        wanted = named or digest
        for place in (home, *self._others(home)) if wanted else (home,):
            manifest = self._manifest(place)
            if manifest is not None and (not wanted or _is(manifest, home, self._directory, wanted)):
                layers, on_host = (str(place / "rootfs"),), manifest.base == HOST_IMAGE
                return Image(layers, on_host=on_host, config=manifest.config, digest=manifest.digest)
        raise _not_here(reference) if digest is None else _gone(reference, digest)

    def _others(self, home: Path) -> Iterator[Path]:
        """Where the image may be whose tag says something else by now."""
        yield from sorted(path.parent for path in home.parent.glob("*/manifest.json"))
        yield from sorted(self._directory.glob(f"{_REPLACED}*"))

    def _manifest(self, home: Path) -> _Manifest | None:
        try:
            return _READER.decode((home / "manifest.json").read_bytes())
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None

    def references(self) -> list[str]:
        """The names of all imported images."""
        return [f"{home.parent}:{home.name}" for home in self._homes()]

    def digests(self) -> dict[str, str | None]:
        """The same, each with what it is now."""
        return {reference: self.find(reference).digest for reference in self.references()}

    def _homes(self) -> list[Path]:
        found = (path.parent.relative_to(self._directory) for path in self._directory.glob("**/manifest.json"))
        return sorted(path for path in found if not path.parts[0].startswith("."))

    def forget_replaced(self) -> None:
        """Remove images that were replaced; for when no container runs that could have one of them below it."""
        for path in self._directory.glob(f"{_REPLACED}*"):
            shutil.rmtree(path, ignore_errors=True)

    def import_image(
        self, reference: str, source: Path, *, base: str | None = None, config: ImageConfig | None = None
    ) -> Image:
        """Add or replace an image from a directory or a (compressed) tar archive. ``base``: None or HOST_IMAGE.

        All or nothing. Tasks that run from an image that is replaced keep the one they have. Raises ImageRefused.
        """
        if base not in {None, HOST_IMAGE}:
            raise ImageRefused(f"an image can be imported on top of {HOST_IMAGE} or of nothing, not of {base}")
        home = self._home(reference)
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".import-", dir=self._directory))
        try:
            self._fill(fresh, source)
            manifest = _Manifest(base, config or ImageConfig(), str(home.parent.relative_to(self._directory)))
            manifest = replace(manifest, digest=digest_of(fresh / "rootfs", msgspec.json.encode(manifest)))
            (fresh / "manifest.json").write_bytes(msgspec.json.encode(manifest))
            self._put(fresh, home)
        except (OSError, BadArchive) as error:
            raise ImageRefused(f"{source} can't be imported as {reference}: {_why(error)}") from error
        finally:
            shutil.rmtree(fresh, ignore_errors=True)
        return self.find(reference)

    def _put(self, fresh: Path, home: Path) -> None:
        """Have an image in its place, or what was there before."""
        home.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not home.exists():
            fresh.rename(home)
            return
        replaced = home.rename(tempfile.mkdtemp(prefix=_REPLACED, dir=self._directory))
        try:
            fresh.rename(home)
        except OSError:
            replaced.rename(home)
            raise

    def _fill(self, home: Path, source: Path) -> None:
        rootfs = home / "rootfs"
        if source.is_dir():
            shutil.copytree(source, rootfs, symlinks=True, ignore=_special)
        else:
            rootfs.mkdir()
            unpack(source, rootfs)
        rootfs.chmod(0o755)

    def _home(self, reference: str) -> Path:
        if not _REFERENCE.fullmatch(reference) or ".." in reference or "//" in reference:
            raise ImageRefused(f"{reference!r} is not an image's name: NAME or NAME:TAG, lower-case")
        name, _, tag = reference.partition(":")
        return self._directory / name.strip("/") / (tag or "latest")


def _special(folder: str, names: list[str]) -> set[str]:
    """Devices and the like, which an image has none of."""
    kinds = {name: Path(folder, name).lstat().st_mode for name in names}
    return {name for name, kind in kinds.items() if not (S_ISREG(kind) or S_ISDIR(kind) or S_ISLNK(kind))}


def _why(error: Exception) -> str:
    """An error in one line; of many that came of one folder, the first."""
    if isinstance(error, shutil.Error):
        place, _, error = error.args[0][0]
        return f"{place}: {error}"
    return str(error)


def _is(manifest: _Manifest, home: Path, directory: Path, digest: str) -> bool:
    return manifest.digest == digest and manifest.name == str(home.parent.relative_to(directory))


def _not_here(reference: str) -> ImageNotFound:
    return ImageNotFound(
        f"image {reference} is not here; import it with `moyai image import {reference} ROOTFS.tar`, "
        f"or use {HOST_IMAGE}, this machine's own root"
    )


def _gone(reference: str, digest: str) -> ImageNotFound:
    return ImageNotFound(
        f"image {reference}@{digest} is not here any more; a new deployment takes what {reference} is now"
    )
