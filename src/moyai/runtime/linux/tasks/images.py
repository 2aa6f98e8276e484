"""The images of tasks: each pull is an asyncio task of its own, so none delays another task or the control loop.

Promise: a repeated call continues a pull, and another image for the same container replaces it. A pull that has ended
is remembered until its task is released, a failed one too. A pulled image stays in the store until the task that holds
it is released, also when this process is killed. Pulls do not outlive the process: the planner asks again, and the
layers that are complete by then are not downloaded again.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NamedTuple

from msgspec.structs import replace

from moyai.domain.sandbox.pull import ImagePull, PullPhase, PullProgress, PullState, RegistryCredentials
from moyai.domain.sandbox.spec import ContainerSpec
from moyai.images.errors import PullFailed
from moyai.images.model import Image, Platform, host_platform
from moyai.images.puller import ImagePuller, PullRequest
from moyai.images.reference import ImageReference, parse_reference
from moyai.images.registry.credentials import Credentials
from moyai.kernel.ids import TaskId
from moyai.ports.runtime import CannotPull

_PLATFORMS: Mapping[str | None, Platform] = MappingProxyType(
    {"X86_64": Platform("linux", "amd64"), "ARM64": Platform("linux", "arm64")}
)
_EMULATORS: Final = Path("/proc/sys/fs/binfmt_misc")
_HOLDER: Final = "task-"
_MIN_DELAY: Final = 1.0
"""The least delay, in seconds, until a change of a pull's progress is notified."""
_DELAY_RATIO: Final = 0.1
"""The seconds of that delay for each second that the pull has taken."""
_log = logging.getLogger(__name__)


class _ObservedProgress:
    """The last progress of a pull. ``notify`` is called some time after it has changed."""

    def __init__(self, notify: Callable[[], None]) -> None:
        self._notify = notify
        self._timer: asyncio.TimerHandle | None = None
        self.current: PullProgress | None = None

    def set(self, progress: PullProgress) -> None:
        """Replace the progress by a later one."""
        self.current = progress
        if self._timer is None:
            delay = max(_MIN_DELAY, progress.seconds * _DELAY_RATIO)
            self._timer = asyncio.get_running_loop().call_later(delay, self._send_notification)

    def close(self) -> None:
        """Notify no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _send_notification(self) -> None:
        self._timer = None
        self._notify()


class _TaskPull(NamedTuple):
    """The pull of one image for a task."""

    work: asyncio.Task[PullState]
    progress: _ObservedProgress

    def state(self) -> PullState:
        state = self.work.result() if self.work.done() else PullState(PullPhase.PULLING)
        return replace(state, progress=self.progress.current)


class TaskImages:
    """The images of all tasks of a runtime, and their pulls."""

    def __init__(self, puller: ImagePuller, notify: Callable[[TaskId], None]) -> None:
        """``notify`` is called with a task when one of its pulls has advanced or ended."""
        self._puller = puller
        self._notify = notify
        self._pulls: dict[TaskId, dict[ImagePull, _TaskPull]] = {}

    def begin_pulls(self, task: TaskId, images: Iterable[ImagePull]) -> None:
        """Begin the pulls that the task does not have yet, and end those that it no longer needs."""
        before = self._pulls.get(task, {})
        pulls = {image: before.get(image) or self._begin(task, image) for image in images}
        self._pulls[task] = pulls
        for image, pull in before.items():
            if image not in pulls:
                pull.work.cancel()

    def pull_states(self, task: TaskId) -> Mapping[str, PullState]:
        """The state of each pull of the task, by the name of its container."""
        return {image.container: pull.state() for image, pull in self._pulls.get(task, {}).items()}

    def end_pulls(self, task: TaskId) -> None:
        """End the pulls of the task and forget them."""
        for pull in self._pulls.pop(task, {}).values():
            pull.work.cancel()

    async def close(self) -> None:
        """End all pulls, and wait until they have ended."""
        pulls = [pull.work for pulls in self._pulls.values() for pull in pulls.values()]
        self._pulls.clear()
        for pull in pulls:
            pull.cancel()
        await asyncio.gather(*pulls, return_exceptions=True)
        await self._puller.close()

    def find(self, spec: ContainerSpec) -> Image:
        """The image that a container starts from. Blocking. Raises CannotPull."""
        return self._puller.find(spec.image, spec.digest, _platform(spec.architecture))

    def find_optional(self, spec: ContainerSpec) -> Image | None:
        """The image of a container that can start without it; None if it is not in the store. Blocking. The image stays
        in the store until the task is released.
        """
        try:
            image = self.find(spec)
        except CannotPull:
            return None
        self._hold(spec.task, parse_reference(spec.image), image)
        return image

    def release(self, task: TaskId) -> None:
        """Let the store remove the images of the task. Blocking."""
        self._puller.store.release(f"{_HOLDER}{task}")

    def holders(self) -> frozenset[TaskId]:
        """The tasks that hold images. Blocking."""
        names = (name for name in self._puller.store.holders() if name.startswith(_HOLDER))
        return frozenset(TaskId(name.removeprefix(_HOLDER)) for name in names)

    def _begin(self, task: TaskId, image: ImagePull) -> _TaskPull:
        progress = _ObservedProgress(lambda: self._notify(task))
        work = asyncio.create_task(self._pull(task, image, progress), name=f"pull {image.image}")
        work.add_done_callback(lambda _: progress.close())
        work.add_done_callback(lambda _: self._notify(task))
        return _TaskPull(work, progress)

    async def _pull(self, task: TaskId, pull: ImagePull, progress: _ObservedProgress) -> PullState:
        try:
            request = _request(pull)
            await asyncio.to_thread(_check_platform, request)
            image = await self._puller.pull(request, progress.set)
            await asyncio.to_thread(self._hold, task, request.reference, image)
        except (PullFailed, CannotPull, OSError) as failure:
            _log.warning("task %s: the image %s can't be pulled: %s", task, pull.image, failure)
            return PullState(PullPhase.FAILED, reason=CannotPull(str(failure)).reason)
        return PullState(PullPhase.PULLED, image.digest)

    def _hold(self, task: TaskId, reference: ImageReference, image: Image) -> None:
        """Keep the image in the store until the task is released."""
        if image.digest is not None:
            self._puller.store.hold(f"{_HOLDER}{task}", [f"{reference.name}@{image.digest}"])


def _request(pull: ImagePull) -> PullRequest:
    """The request that a pull means. Raises BadReference."""
    reference = parse_reference(pull.image)
    if pull.digest is not None:
        reference = replace(reference, tag=None, digest=pull.digest)
    credentials = None if pull.credentials is None else _credentials(pull.credentials)
    return PullRequest(reference, _platform(pull.architecture), credentials)


def _credentials(credentials: RegistryCredentials) -> Credentials:
    return Credentials(credentials.username, credentials.password, "the secret of repositoryCredentials")


def _platform(architecture: str | None) -> Platform:
    return _PLATFORMS.get(architecture) or host_platform()


def _check_platform(request: PullRequest) -> None:
    """Raise CannotPull for a processor whose programs this machine can't run."""
    wanted, host = request.platform, host_platform()
    if wanted.architecture == host.architecture or _is_emulated(wanted):
        return
    raise CannotPull(
        f"{request.reference.familiar}: image Manifest does not contain descriptor matching platform '{wanted}': this "
        f"machine is {host}, and {_EMULATORS} has no emulator of {wanted.architecture}. Use a runtimePlatform of this "
        "machine, or install qemu-user-static."
    )


def _is_emulated(platform: Platform) -> bool:
    """Whether the kernel runs the platform's programs by an interpreter that it has opened already (flag F), which is
    not a file of the container.
    """
    machine = {"amd64": "x86_64", "arm64": "aarch64"}[platform.architecture]
    try:
        lines = (_EMULATORS / f"qemu-{machine}").read_text().splitlines()
    except OSError:
        return False
    flags = next((line.removeprefix("flags: ") for line in lines if line.startswith("flags: ")), "")
    return "enabled" in lines and "F" in flags and os.access(_EMULATORS, os.R_OK)
