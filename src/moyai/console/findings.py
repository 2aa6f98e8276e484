"""``/console/data/findings?service=ARN``: what ``moyai doctor`` finds about a service. AWS has no API for it.

A login sees the services of its own account.
"""

from __future__ import annotations

from urllib.parse import parse_qs

import msgspec

from moyai.console.messages import ConsoleResponse, Request, error_response, json_response
from moyai.domain.keys import scope_of
from moyai.kernel.ids import AccountId, ServiceArn
from moyai.plan.doctor import Finding, service_findings
from moyai.ports.store import Store


class _FindingsView(msgspec.Struct, frozen=True):
    findings: tuple[Finding, ...]


class FindingsEndpoint:
    """Answers requests for the findings about one service."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def answer(self, request: Request, account: AccountId | None) -> ConsoleResponse:
        """200 with findings, 404 or 405. ``account``: whose services may be seen; None = those of all."""
        if request.method != "GET":
            return error_response(405, "MethodNotAllowedException", "Use GET.")
        key = ServiceArn(parse_qs(request.query).get("service", [""])[-1])
        service = self._store.world.services.get(key)
        if service is None or account not in {None, scope_of(service.arn).account}:
            return error_response(404, "ResourceNotFoundException", f"There is no service {key[:300]!r}.")
        return json_response(200, _FindingsView(tuple(service_findings(self._store.world, service))))
