"""Files of environment variables, by the names of their objects in S3.

Promise: the contents of a file are a ``Secret``; its name, size and date may be shown. Buckets are only names, and
belong to no account or region, as in S3's ARNs.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/use-environment-file.html
"""

from __future__ import annotations

import re
from typing import Final

from moyai.domain.record import ArnRecord
from moyai.kernel.clock import Instant
from moyai.kernel.ids import S3ObjectArn
from moyai.kernel.secret import Secret

LARGEST: Final = 65536
"""The greatest size of a file in bytes."""
MOST_FILES: Final = 1000
"""The greatest number of files in an installation."""

_LONGEST_KEY: Final = 1024  # bytes
_ARN: Final = "arn:aws:s3:::"
_URL: Final = "s3://"
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/[^\x00-\x1f\x7f]*\.env")


class EnvFile(ArnRecord, frozen=True, tag="env_file"):
    """A file of environment variables."""

    arn: S3ObjectArn
    body: Secret
    size: int
    """The size in bytes."""
    modified_at: Instant


def env_file_arn(text: str) -> S3ObjectArn | None:
    """The ARN of the file at ``s3://bucket/key.env``, or with this ARN; None for other text."""
    prefix = _URL if text.startswith(_URL) else _ARN
    name = text.removeprefix(prefix)
    if name == text or not _NAME.fullmatch(name):
        return None
    if len(name.partition("/")[2].encode(errors="replace")) > _LONGEST_KEY:
        return None
    return S3ObjectArn(_ARN + name)


def url_of(arn: S3ObjectArn) -> str:
    """The URL ``s3://bucket/key.env`` of a file."""
    return _URL + arn.removeprefix(_ARN)
