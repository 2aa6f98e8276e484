"""Launch templates. They are recorded: moyai has no instances, so nothing is launched from one.

Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-launch-templates.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from moyai.domain.record import IdRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import LaunchTemplateId
from moyai.kernel.scope import Scope


class LaunchTemplateVersion(msgspec.Struct, frozen=True):
    """A version of a launch template. ``data``: its LaunchTemplateData, the members in snake_case."""

    number: int
    created_at: Instant
    created_by: str
    data: Mapping[str, Any]
    description: str | None = None
    client_token: str | None = None
    """The token of the request that created it, with the hash of the request; see ``api.idempotency``."""


class LaunchTemplate(IdRecord, frozen=True, tag="launch_template"):
    """A launch template; ``versions`` oldest first, at least one."""

    id: LaunchTemplateId
    scope: Scope
    name: str
    created_at: Instant
    created_by: str
    versions: tuple[LaunchTemplateVersion, ...]
    default: int = 1
    """The number of the version that is meant where none is named."""
    latest: int = 1
    """The number of the newest version. That of a deleted one is not used again."""
    tags: Mapping[str, str] = {}
    client_token: str | None = None
    """The token of the request that created it, as in a version. It outlives the first version."""

    def version(self, number: int) -> LaunchTemplateVersion | None:
        """The version with this number, unless it was deleted."""
        return next((version for version in self.versions if version.number == number), None)
