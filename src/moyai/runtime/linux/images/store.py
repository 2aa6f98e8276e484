"""The images of an installation: the root file systems of containers.

``moyai.local/host`` is this machine's root, read-only under the container's writable layer. Other images are imported
from a directory or a tar archive of a root file system, alone or as a layer on top of the host's root. There is no
registry client: an image that is not here can't be pulled, and the error says how to import it. An image keeps its
digest when its tag moves to another one, and is found by its digest as long as tasks may need it.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from stat import S_ISDIR, S_ISLNK, S_ISREG

import msgspec
from msgspec.structs import replace

from moyai.images.model import Image, ImageConfig
from moyai.kernel.errors import MoyaiError
from moyai.ports.runtime import CannotPull
from moyai.runtime.linux.images.archive import BadArchive, unpack
from moyai.runtime.linux.images.digest import tree_digest

HOST_IMAGE = "moyai.local/host"

_REPLACED = ".replaced-"
_REFERENCE = re.compile(r"[a-z0-9][a-z0-9._/-]{0,254}(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?")


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
        """The image of a reference, whose tag defaults to ``latest``. With ``digest`` or ``NAME@DIGEST``, the image
        with that digest, whatever its tag is now. Raises CannotPull.
        """
        name, _, own_digest = reference.partition("@")
        if name in {HOST_IMAGE, f"{HOST_IMAGE}:latest"} and not own_digest:
            return Image((), on_host=True)
        try:
            home = self._home(name)
        except ImageRefused as error:
            raise _not_imported(reference) from error
        wanted = own_digest or digest
        for candidate in (home, *self._other_homes(home)) if wanted else (home,):
            manifest = self._manifest(candidate)
            if manifest is not None and (not wanted or _has_digest(manifest, home, self._directory, wanted)):
                layers, on_host = (str(candidate / "rootfs"),), manifest.base == HOST_IMAGE
                return Image(layers, on_host=on_host, config=manifest.config, digest=manifest.digest)
        raise _not_imported(reference) if digest is None else _replaced(reference, digest)

    def _other_homes(self, home: Path) -> Iterator[Path]:
        """The directories in which an image may be whose tag has moved."""
        yield from sorted(path.parent for path in home.parent.glob("*/manifest.json"))
        yield from sorted(self._directory.glob(f"{_REPLACED}*"))

    def _manifest(self, home: Path) -> _Manifest | None:
        try:
            return _READER.decode((home / "manifest.json").read_bytes())
        except (OSError, msgspec.DecodeError, UnicodeDecodeError):
            return None

    def references(self) -> list[str]:
        """The references of all imported images."""
        return [f"{home.parent}:{home.name}" for home in self._relative_homes()]

    def digests(self) -> dict[str, str | None]:
        """The current digest of each imported image."""
        return {reference: self.find(reference).digest for reference in self.references()}

    def _relative_homes(self) -> list[Path]:
        homes = (path.parent.relative_to(self._directory) for path in self._directory.glob("**/manifest.json"))
        return sorted(path for path in homes if not path.parts[0].startswith("."))

    def remove_replaced(self) -> None:
        """Remove images that were replaced. Call it only while no container runs: one could be on top of them."""
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
        new = Path(tempfile.mkdtemp(prefix=".import-", dir=self._directory))
        try:
            self._fill_root(new, source)
            manifest = _Manifest(base, config or ImageConfig(), str(home.parent.relative_to(self._directory)))
            manifest = replace(manifest, digest=tree_digest(new / "rootfs", msgspec.json.encode(manifest)))
            (new / "manifest.json").write_bytes(msgspec.json.encode(manifest))
            self._replace(new, home)
        except (OSError, BadArchive) as error:
            raise ImageRefused(f"{source} can't be imported as {reference}: {_reason(error)}") from error
        finally:
            shutil.rmtree(new, ignore_errors=True)
        return self.find(reference)

    def remove_image(self, reference: str) -> None:
        """Remove an imported image by its name. Tasks that run from it keep its files until the next start of moyai.

        Raises CannotPull, and ImageRefused for the host's root.
        """
        if reference in {HOST_IMAGE, f"{HOST_IMAGE}:latest"}:
            raise ImageRefused(f"{HOST_IMAGE} is this machine's own root and cannot be removed")
        home = self._home(reference)
        if self._manifest(home) is None:
            raise _not_imported(reference)
        home.rename(tempfile.mkdtemp(prefix=_REPLACED, dir=self._directory))

    def _replace(self, new: Path, home: Path) -> None:
        """Move an image to its directory. If that fails, the earlier image stays there."""
        home.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not home.exists():
            new.rename(home)
            return
        replaced = home.rename(tempfile.mkdtemp(prefix=_REPLACED, dir=self._directory))
        try:
            new.rename(home)
        except OSError:
            replaced.rename(home)
            raise

    def _fill_root(self, home: Path, source: Path) -> None:
        rootfs = home / "rootfs"
        if source.is_dir():
            shutil.copytree(source, rootfs, symlinks=True, ignore=_special_files)
        else:
            rootfs.mkdir()
            unpack(source, rootfs)
        rootfs.chmod(0o755)

    def _home(self, reference: str) -> Path:
        if not _REFERENCE.fullmatch(reference) or ".." in reference or "//" in reference:
            raise ImageRefused(f"{reference!r} is not an image's name: NAME or NAME:TAG, lower-case")
        name, _, tag = reference.partition(":")
        return self._directory / name.strip("/") / (tag or "latest")


def _special_files(folder: str, names: list[str]) -> set[str]:
    """The names of device nodes, FIFOs and sockets, which are not copied into an image."""
    kinds = {name: Path(folder, name).lstat().st_mode for name in names}
    return {name for name, kind in kinds.items() if not (S_ISREG(kind) or S_ISDIR(kind) or S_ISLNK(kind))}


def _reason(error: Exception) -> str:
    """The error in one line: the first of the many that copying a directory can raise."""
    if isinstance(error, shutil.Error):
        path, _, error = error.args[0][0]
        return f"{path}: {error}"
    return str(error)


def _has_digest(manifest: _Manifest, home: Path, directory: Path, digest: str) -> bool:
    return manifest.digest == digest and manifest.name == str(home.parent.relative_to(directory))


def _not_imported(reference: str) -> CannotPull:
    return CannotPull(
        f"image {reference} is not here; import it with `moyai image import {reference} ROOTFS.tar`, "
        f"or use {HOST_IMAGE}, this machine's own root"
    )


def _replaced(reference: str, digest: str) -> CannotPull:
    return CannotPull(
        f"image {reference}@{digest} is not here any more; a new deployment takes what {reference} is now"
    )
