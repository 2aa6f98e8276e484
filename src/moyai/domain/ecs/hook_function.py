"""The URLs that are called in the place of Lambda functions of lifecycle hooks.

Promise: a function is registered by its ARN, or by its name for every account and region. AWS has no API for this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from moyai.domain.record import StoredRecord
from moyai.kernel.clock import Instant

FUNCTION_ARN = re.compile(
    r"arn:aws[a-z-]*:lambda:[a-z0-9-]{1,40}:[0-9]{12}:function:([A-Za-z0-9_-]{1,64})(:[A-Za-z0-9$_-]{1,128})?"
)
FUNCTION_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


class HookFunction(StoredRecord, frozen=True, tag="hook_function"):
    """The URL of a function. ``name``: an ARN, or a function's name; ``url``: http or https."""

    name: str
    url: str
    put_at: Instant

    @property
    def key(self) -> str:
        """The record's key in its table."""
        return self.name


def names_of(arn: str) -> Iterator[str]:
    """The names under which a function with this ARN may be registered, the most specific first."""
    yield arn
    match = FUNCTION_ARN.fullmatch(arn)
    if match is not None:
        name, qualifier = match.groups()
        if qualifier:
            yield arn.removesuffix(qualifier)
        yield name
