"""The errors of pulls, imports and the image store, in the words of Amazon ECS.

Promise: ``str(error)`` is the text that follows ``CannotPullContainerError: `` in a task's ``stoppedReason``. It names
the image or the registry, what is wrong, and what to do next.

    PullFailed
    ├── BadReference      the image's name is malformed
    ├── NotFound          the registry has no such repository, tag or digest
    ├── AccessDenied      the registry requires credentials, or other ones
    ├── RateLimited       the registry refuses further requests for a while
    ├── Unreachable       the registry doesn't answer, or not in time
    ├── BadContent        the manifest, the configuration or a layer is malformed, too large, or has another digest
    ├── WrongPlatform     the image isn't made for the platform
    └── NoSpace           the disk is full

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_cannot_pull_image.html
"""

from __future__ import annotations

import errno
from typing import Final

from moyai.kernel.errors import MoyaiError

DISK_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
"""The error numbers of a full disk, or of a full quota on it."""


class PullFailed(MoyaiError):
    """An image can't be pulled or imported."""


class BadReference(PullFailed):
    """The image's name is malformed."""


class NotFound(PullFailed):
    """The registry has no such repository, tag or digest."""


class AccessDenied(PullFailed):
    """The registry requires credentials, or other ones."""


class RateLimited(PullFailed):
    """The registry refuses further requests for a while."""


class Unreachable(PullFailed):
    """The registry doesn't answer, or not in time."""


class BadContent(PullFailed):
    """A manifest, a configuration or a layer is malformed, too large, or doesn't have its digest."""


class WrongPlatform(PullFailed):
    """The image isn't made for the platform."""


class NoSpace(PullFailed):
    """The disk is full."""


class ImageRefused(MoyaiError):
    """The image store refuses a request; the message says why."""
