"""The calls of Terraform's aws provider, as files list them: sent one by one, with the values that answers gave."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

import jmespath
from botocore.exceptions import ClientError

_PLACE = re.compile(r"\{([a-z][\w.]*)\}")


class TerraformCalls:
    """Sends calls with the clients that ``client`` makes; ``values`` fill the places like ``{vpc}`` in parameters."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        self.client = cache(client)
        self.values: dict[str, Any] = {}

    def call(
        self,
        service: str,
        operation: str,
        parameters: object,
        keep: dict[str, str] | None = None,
        error: str | None = None,
    ) -> dict[str, Any] | None:
        """Send one call, and keep values of its answer; no answer where ``error`` is expected."""
        try:
            answer = getattr(self.client(service), operation)(**fill(parameters, self.values))
        except ClientError as refused:
            if refused.response["Error"]["Code"] != error:
                raise
            return None
        assert error is None, f"{operation} should fail with {error}"
        self.values |= {name: jmespath.search(path, answer) for name, path in (keep or {}).items()}
        return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def fill(value: Any, values: dict[str, Any]) -> Any:
    """The value with its places filled; a member whose place has the value null is left out."""
    match value:
        case dict():
            filled = {fill(key, values): fill(item, values) for key, item in value.items()}
            return {key: item for key, item in filled.items() if item is not None}
        case list():
            return [fill(item, values) for item in value]
        case str() if (whole := _PLACE.fullmatch(value)) and whole[1] in values:
            return values[whole[1]]
        case str():
            return _PLACE.sub(lambda place: str(values.get(place[1], place[0])), value)
    return value
