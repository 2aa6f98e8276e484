"""Calls that moyai makes: of the user's own endpoints, and of AWS operations, as any client makes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from moyai.kernel.errors import MoyaiError
from moyai.kernel.scope import Scope
from moyai.plan.cloudmap.checks import ProbeTarget
from moyai.stacks.types.procedure import Call


class Probes(Protocol):
    """Makes single health checks, as Route 53 does.

    Source: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/dns-failover-determining-health-of-endpoints.html
    """

    async def passes(self, target: ProbeTarget) -> bool:
        """Whether the endpoint passes: TCP connects in 10 s; HTTP and HTTPS connect in 4 s and respond with 2xx or 3xx
        in 2 s more. Never raises, whatever the endpoint does.
        """


class CallFailed(MoyaiError):
    """A function's response is missing or unusable; the message is the reason."""


class FunctionCaller(Protocol):
    """Calls functions by posting JSON to their URLs."""

    async def call(self, url: str, body: bytes, invocation: str) -> bytes:
        """The body of a 2xx response. ``invocation`` identifies the call and its repetitions. Raises CallFailed."""

    async def close(self) -> None:
        """Close the connections that are kept for further calls."""


class AwsCaller(Protocol):
    """Calls operations in an account and region."""

    @property
    def address(self) -> str:
        """The API's address for callers, ``name:port``."""

    def owns(self, service: str) -> bool:
        """Whether moyai itself answers for a service, so that its resources get the tags of their stacks."""

    async def call(self, scope: Scope, call: Call) -> Mapping[str, Any]:
        """The operation's output, with the members' names as in the model.

        Raises AwsCallFailed with the error's code.
        """
