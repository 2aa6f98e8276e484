"""Calls of AWS operations from inside moyai: by those who use the same APIs as any client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from moyai.kernel.scope import Scope
from moyai.stacks.types.procedure import Call


class AwsCaller(Protocol):
    """Calls operations in an account and region."""

    @property
    def address(self) -> str:
        """At which callers reach the API, ``name:port``."""

    def owns(self, service: str) -> bool:
        """Whether moyai itself answers for a service, so that its resources get the tags of their stacks."""

    async def call(self, scope: Scope, call: Call) -> Mapping[str, Any]:
        """The operation's output, with the members' names as in the model.

        Raises AwsCallFailed with the error's code.
        """
