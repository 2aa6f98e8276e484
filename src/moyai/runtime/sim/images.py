"""The images of the simulated runtime, and their pulls, whose ends are decided when they begin."""

from __future__ import annotations

from collections.abc import Collection
from hashlib import sha256
from typing import Final

import msgspec

from moyai.domain.sandbox.pull import MEGABYTE, ImagePull, PullPhase, PullProgress, PullState
from moyai.kernel.clock import Instant, later
from moyai.ports.runtime import CannotPull

_SIZE: Final = 50 * MEGABYTE
"""The size of every image, which has one layer."""


class SimPull(msgspec.Struct, frozen=True):
    """A simulated pull. ``fault``: the reason with which it fails at its end; None = it ends with ``digest``."""

    pull: ImagePull
    began_at: Instant
    ends_at: Instant
    digest: str | None = None
    fault: str | None = None

    def state(self, now: Instant) -> PullState:
        """The state of the pull at ``now``."""
        progress = self._progress(now)
        if now < self.ends_at:
            return PullState(PullPhase.PULLING, progress=progress)
        if self.fault is not None:
            return PullState(PullPhase.FAILED, reason=self.fault, progress=progress)
        return PullState(PullPhase.PULLED, self.digest, progress=progress)

    def _progress(self, now: Instant) -> PullProgress | None:
        """The part of the image that was received; None for a pull that takes no time."""
        duration = self.ends_at - self.began_at
        if duration <= 0:
            return None
        seconds = min(now - self.began_at, duration)
        is_pulled = now >= self.ends_at and self.fault is None
        received = round(_SIZE * seconds / duration)
        return PullProgress("sim", 1, 0, int(is_pulled), received, _SIZE, seconds)


class SimImages:
    """The images that can be pulled; a tag stands for one digest at a time."""

    def __init__(self, names: Collection[str] | None = None) -> None:
        """``names``: the images that exist; None = every image does."""
        self._known = names
        self._tagged: dict[str, int] = {}
        self._digests: set[str] = set()
        self.pull_seconds = 0.0
        """How long a pull takes."""

    def retag(self, image: str) -> None:
        """Let the name stand for another image from now on."""
        self._tagged[image] = self._tagged.get(image, 0) + 1

    def find(self, image: str, digest: str | None = None) -> str:
        """The digest of the image: ``digest`` if that was one of its own, or the current one. Raises CannotPull."""
        if self._known is not None and image not in self._known:
            raise CannotPull(f"{image}: not found; the sim runtime knows {sorted(self._known)}")
        if digest is not None and digest not in self._digests:
            raise CannotPull(f"{image}@{digest}: not found")
        current = f"sha256:{sha256(f'{image} {self._tagged.get(image, 0)}'.encode()).hexdigest()}"
        self._digests.add(current)
        return digest or current

    def begin_pull(self, pull: ImagePull, now: Instant, fault: CannotPull | None = None) -> SimPull:
        """The pull that begins at ``now``, and fails with ``fault`` or because there is no such image."""
        ends_at = later(now, self.pull_seconds)
        try:
            if fault is not None:
                raise fault
            return SimPull(pull, now, ends_at, self.find(pull.image, pull.digest))
        except CannotPull as failure:
            return SimPull(pull, now, ends_at, fault=failure.reason)
