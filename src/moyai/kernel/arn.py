"""Builds and parses Amazon Resource Names.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
"""

from __future__ import annotations

from typing import NamedTuple

from moyai.kernel.ids import AccountId, Region
from moyai.kernel.scope import Scope

PARTITION = "aws"
_PARTITIONS = (
    ("cn-", "aws-cn"),
    ("us-gov-", "aws-us-gov"),
    ("eusc-", "aws-eusc"),
    ("us-iso-", "aws-iso"),
    ("us-isob-", "aws-iso-b"),
    ("eu-isoe-", "aws-iso-e"),
    ("us-isof-", "aws-iso-f"),
)
_PARTS = 6


class Arn(NamedTuple):
    """A parsed ARN; ``resource`` is everything after the account's colon."""

    service: str
    scope: Scope
    resource: str

    @property
    def kind(self) -> str:
        """The resource's type, the part before the first slash (``cluster``, ``task``, …)."""
        return self.resource.partition("/")[0]

    @property
    def path(self) -> tuple[str, ...]:
        """The parts after the type: ``("shop", "front")`` of ``service/shop/front``."""
        return tuple(self.resource.split("/")[1:])

    def __str__(self) -> str:
        """The ARN as AWS writes it."""
        region, account = self.scope.region, self.scope.account
        return f"arn:{partition_of(region)}:{self.service}:{region}:{account}:{self.resource}"


def arn(service: str, scope: Scope, resource: str) -> str:
    """Build an ARN, in the partition of its region."""
    return str(Arn(service, scope, resource))


def partition_of(region: str) -> str:
    """The partition of a region; ``aws`` for a region that AWS does not have."""
    return next((partition for prefix, partition in _PARTITIONS if region.startswith(prefix)), PARTITION)


def parse_arn(text: str) -> Arn | None:
    """Parse an ARN; None for other text, which usually is a bare name."""
    parts = text.split(":", _PARTS - 1)
    if len(parts) != _PARTS or parts[0] != "arn" or not parts[2] or not parts[5]:
        return None
    return Arn(parts[2], Scope(AccountId(parts[4]), Region(parts[3])), parts[5])
