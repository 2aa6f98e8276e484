"""Repositories of Amazon ECR.

Promise: an account's repositories in a region are its registry there. Whether a tag may move to another image follows
from ``mutability`` and the patterns in ``exclusions``.
Source: https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_Repository.html,
userguide/image-tag-mutability.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from moyai.domain.record import ArnRecord
from moyai.kernel.arn import arn, parse_arn
from moyai.kernel.clock import Instant
from moyai.kernel.ids import RepositoryArn
from moyai.kernel.scope import Scope
from moyai.kernel.wildcards import has_parts

MUTABLE: Final = "MUTABLE"
IMMUTABLE: Final = "IMMUTABLE"
_WITH_EXCLUSION: Final = "_WITH_EXCLUSION"
_RESOURCE: Final = "repository/"
_COMPONENT: Final = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_NAME: Final = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_NAME_LENGTHS: Final = range(2, 257)


class RepositoryEncryption(msgspec.Struct, frozen=True):
    """The encryption that was asked for, which has no effect."""

    encryption_type: str = "AES256"
    kms_key: str | None = None


class Repository(ArnRecord, frozen=True, tag="ecr_repository"):
    """A repository of one account and region."""

    arn: RepositoryArn
    name: str
    created_at: Instant
    mutability: str = MUTABLE
    """``MUTABLE`` or ``IMMUTABLE``, or one of them ``_WITH_EXCLUSION``."""
    exclusions: tuple[str, ...] = ()
    """Patterns of tags, in which ``*`` stands for any characters. A tag that matches one is mutable in an ``IMMUTABLE``
    repository, and immutable in a ``MUTABLE`` one.
    """
    scan_on_push: bool = False
    """Recorded and shown; nothing is scanned."""
    encryption: RepositoryEncryption = RepositoryEncryption()
    policy: str | None = None
    """The repository policy as JSON, which is not evaluated."""
    lifecycle_policy: str | None = None
    """JSON that ``lifecycle.parse_policy`` accepts."""
    lifecycle_evaluated_at: Instant | None = None
    tags: Mapping[str, str] = {}

    @property
    def registry_id(self) -> str:
        """The id of the account whose registry the repository is in."""
        parsed = parse_arn(self.arn)
        return "" if parsed is None else parsed.scope.account

    def can_move(self, tag: str) -> bool:
        """Whether a tag that exists may be given to another image."""
        mutable = self.mutability.startswith(MUTABLE)
        return mutable != any(has_parts(tag, pattern.split("*")) for pattern in self.exclusions)


def repository_arn(scope: Scope, name: str) -> RepositoryArn:
    """The ARN of the repository of this name."""
    return RepositoryArn(arn("ecr", scope, _RESOURCE + name))


def is_repository_name(text: str) -> bool:
    """Whether a repository can have this name."""
    return len(text) in _NAME_LENGTHS and _NAME.fullmatch(text) is not None


def takes_exclusions(mutability: str) -> bool:
    """Whether exclusion filters belong to this kind of mutability."""
    return mutability.endswith(_WITH_EXCLUSION)
