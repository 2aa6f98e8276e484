"""Secrets of Secrets Manager, with their versions and labels.

Promise: a label is on one version at most. Moving AWSCURRENT leaves AWSPREVIOUS on the version that had it. Values are
``Secret``; everything else of a record may be shown.
Source: https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.domain.record import ArnRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import SecretArn
from moyai.kernel.secret import Secret

CURRENT, PREVIOUS = "AWSCURRENT", "AWSPREVIOUS"
KEPT_VERSIONS: Final = 100
"""The number of versions beyond which the oldest without labels are deleted."""
MAX_STAGES: Final = 20  # labels of all versions of a secret together
RESOURCE_PREFIX: Final = "secret:"
"""The prefix of a secret's name in its ARN."""
SUFFIX_LENGTH: Final = 6


class SecretVersion(msgspec.Struct, frozen=True):
    """A version with its value. ``binary``: ``value`` is the base64 of bytes."""

    id: str
    value: Secret
    created_at: Instant
    stages: tuple[str, ...] = ()
    binary: bool = False


class SecretRotation(msgspec.Struct, frozen=True):
    """The schedule that rotates a secret on AWS; nothing rotates it here.

    ``function``: an ARN. ``days``: between rotations; instead of it, ``schedule``: an expression. ``duration``: of the
    window in which a rotation may be made.
    """

    function: str | None = None
    days: int | None = None
    schedule: str | None = None
    duration: str | None = None
    enabled: bool = True


class ManagedSecret(ArnRecord, frozen=True, tag="secret"):
    """A secret; ``versions`` oldest first, possibly none."""

    arn: SecretArn
    name: str
    created_at: Instant
    changed_at: Instant
    versions: tuple[SecretVersion, ...] = ()
    description: str | None = None
    kms_key_id: str | None = None
    """The requested KMS key, which has no effect."""
    deleted_at: Instant | None = None
    """When DeleteSecret was called."""
    purge_at: Instant | None = None
    """From when it can't be restored, and counts as deleted."""
    tags: Mapping[str, str] = {}
    policy: str | None = None
    """The resource policy, which nothing evaluates."""
    rotation: SecretRotation | None = None

    def version(self, identity: str) -> SecretVersion | None:
        """The version with this id."""
        return next((v for v in self.versions if v.id == identity), None)

    def version_with_label(self, stage: str) -> SecretVersion | None:
        """The version with this label."""
        return next((v for v in self.versions if stage in v.stages), None)

    def is_purged(self, now: Instant) -> bool:
        """Whether the secret can no longer be restored."""
        return self.purge_at is not None and now >= self.purge_at


def with_version(secret: ManagedSecret, version: SecretVersion, now: Instant) -> ManagedSecret:
    """The secret with another version, to which its labels are moved."""
    versions = move_labels((*secret.versions, replace(version, stages=())), version.id, version.stages)
    unlabelled = [v.id for v in versions if not v.stages]
    too_many = frozenset(unlabelled[: max(0, len(versions) - KEPT_VERSIONS)])
    return replace(secret, versions=tuple(v for v in versions if v.id not in too_many), changed_at=now)


def move_labels(versions: Iterable[SecretVersion], identity: str, stages: Iterable[str]) -> tuple[SecretVersion, ...]:
    """Move labels to the version with this id, and return all versions."""
    labels = tuple(dict.fromkeys(stages))
    all_versions = tuple(versions)
    was_current = next((v.id for v in all_versions if CURRENT in v.stages), None)
    makes_previous = CURRENT in labels and was_current not in {None, identity}
    taken_labels = {*labels, PREVIOUS} if makes_previous else {*labels}
    relabelled_versions = []
    for version in all_versions:
        new_stages = tuple(stage for stage in version.stages if stage not in taken_labels)
        if version.id == identity:
            new_stages = (*new_stages, *(stage for stage in labels if not (makes_previous and stage == PREVIOUS)))
        elif makes_previous and version.id == was_current:
            new_stages = (*new_stages, PREVIOUS)
        relabelled_versions.append(replace(version, stages=new_stages))
    return tuple(relabelled_versions)


def secret_resource(name: str, suffix: str) -> str:
    """The resource part of the ARN of a secret of this name."""
    if len(suffix) != SUFFIX_LENGTH:
        raise ValueError(f"a secret's ARN ends with {SUFFIX_LENGTH} characters")
    return f"{RESOURCE_PREFIX}{name}-{suffix}"
