"""AWS's regions, by partition. moyai answers in each of them, and in any other whose name can be one.

Source: https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
"""

from __future__ import annotations

from typing import Final

from moyai.kernel.arn import partition_of
from moyai.kernel.ids import Region

ENABLED_BY_DEFAULT: Final = (
    "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
    "ca-central-1", "eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1",
    "us-east-2", "us-west-1", "us-west-2",
)  # fmt: skip
"""The regions of the partition ``aws`` that every account has."""
_OPTED_IN: Final = (
    "af-south-1", "ap-east-1", "ap-east-2", "ap-south-2", "ap-southeast-3", "ap-southeast-4", "ap-southeast-5",
    "ap-southeast-6", "ap-southeast-7", "ca-west-1", "eu-central-2", "eu-south-1", "eu-south-2", "il-central-1",
    "me-central-1", "me-south-1", "mx-central-1",
)  # fmt: skip
_OTHERS: Final = ("cn-north-1", "cn-northwest-1", "eusc-de-east-1", "us-gov-east-1", "us-gov-west-1")


def regions_with(region: Region) -> tuple[str, ...]:
    """The regions of this region's partition, itself among them, in the order of their names."""
    partition = partition_of(region)
    known = (name for name in (*ENABLED_BY_DEFAULT, *_OPTED_IN, *_OTHERS) if partition_of(Region(name)) == partition)
    return tuple(sorted({region, *known}))
