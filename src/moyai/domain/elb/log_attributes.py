"""The attributes of load balancers' logs: whether there are any, and where they go.

Promise: a bucket and a prefix are parts of a path that lead nowhere else. The place may be set while the logs are off.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import msgspec

from moyai.domain.elb.attribute import ElbAttribute, switch
from moyai.domain.elb.load_balancer import LoadBalancer, LoadBalancerType

_BUCKET: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]|\.(?!\.)){1,61}[a-z0-9]", re.ASCII)
_KEY_PART: Final = re.compile(r"(?!\.\.?$)[A-Za-z0-9!_.*'()-]{1,255}", re.ASCII)
_LONGEST_PREFIX: Final = 512


class BucketName(msgspec.Struct, frozen=True):
    """The name of a bucket of S3, or nothing."""

    def read(self, text: str) -> str:
        """The name."""
        if text and not _BUCKET.fullmatch(text):
            raise ValueError("it is the name of a bucket: 3 to 63 lower-case letters, digits, dots and hyphens")
        return text


class KeyPrefix(msgspec.Struct, frozen=True):
    """The beginning of the keys in a bucket, without a slash at its ends; or nothing."""

    def read(self, text: str) -> str:
        """The prefix."""
        parts = text.split("/") if text else []
        if len(text) > _LONGEST_PREFIX or "AWSLogs" in text or not all(map(_KEY_PART.fullmatch, parts)):
            raise ValueError(
                f"it has at most {_LONGEST_PREFIX} letters, digits and !_.*'()-, in parts with a slash between them,"
                " without AWSLogs"
            )
        return text


class LogAttributes(NamedTuple):
    """The attributes of one kind of logs."""

    enabled: ElbAttribute[bool]
    bucket: ElbAttribute[str]
    prefix: ElbAttribute[str]


def _logs(prefix: str, refused: str = "") -> LogAttributes:
    return LogAttributes(
        switch(f"{prefix}.enabled", refused=refused),
        ElbAttribute(f"{prefix}.bucket", BucketName(), ""),
        ElbAttribute(f"{prefix}.prefix", KeyPrefix(), ""),
    )


ACCESS_LOGS: Final = _logs("access_logs.s3")
CONNECTION_LOGS: Final = _logs("connection_logs.s3")
HEALTH_CHECK_LOGS: Final = _logs(
    "health_check_logs.s3", "moyai writes no such logs; DescribeTargetHealth has the reasons of failures"
)


def has_logs(balancer: LoadBalancer) -> bool:
    """Whether a load balancer has any log."""
    connections = balancer.type is LoadBalancerType.APPLICATION and CONNECTION_LOGS.enabled.of(balancer)
    return connections or ACCESS_LOGS.enabled.of(balancer)
