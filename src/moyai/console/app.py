"""The requests below ``/console``.

| path | what | needs |
|---|---|---|
| ``/console/api/…`` | the public API, with the access key of the login | the login, and its CSRF token |
| ``/console/data/findings`` | the findings of ``moyai doctor`` about a service | the login |
| ``/console/data/gateway`` | the gateway ports of public addresses | the login |
| ``/console/data/images`` | the images of this installation | the login, and to remove one its CSRF token |
| ``/console/data/output`` | the output of containers | the login |
| ``/console/data/traces`` | the newest traces of requests | the login |
| ``/console/events`` | notifications of changes | the login |
| ``/console/session`` | the state of the login | nothing |
| anything else | the pages | nothing |

No page's path begins with ``api``, ``data``, ``events`` or ``session``.

Where requests need no access key (on loopback), no login is needed. Requests from pages of other origins are refused in
both cases. The pages themselves are the same for every user, and any page may link to them.
Sources: docs/decisions/console-session.md, docs/decisions/browsers-are-kept-out.md
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Final, Protocol
from urllib.parse import parse_qs

from moyai.console.events import Events
from moyai.console.files import Files
from moyai.console.messages import SECURITY, ConsoleResponse, Request, error_response
from moyai.console.session import Sessions, has_csrf_token
from moyai.kernel.browsers import is_from_elsewhere
from moyai.kernel.ids import AccountId, Region
from moyai.kernel.scope import Scope, is_account, is_region

PREFIX: Final = "/console"
RESERVED: Final = frozenset({"api", "data", "events", "session"})
"""The first segments below PREFIX that are no pages."""
_API: Final = "api"
_DATA: Final = "data/"
_READING: Final = frozenset({"GET", "HEAD"})

Api = Callable[[str, str | None], Awaitable[ConsoleResponse]]
"""The public API: answers the present request as if it had been sent to this path, by the owner of this access key, or
by the sender that the request itself names (None)."""


class ConsoleEndpoint(Protocol):
    """Answers what the public API does not, below ``/console/data``."""

    async def answer(self, request: Request, account: AccountId | None) -> ConsoleResponse:
        """The response. ``account``: that of the login, whose resources may be seen; None = those of all."""


class Console:
    """Answers all requests below ``/console``."""

    def __init__(
        self, files: Files, sessions: Sessions, events: Events, endpoints: Mapping[str, ConsoleEndpoint]
    ) -> None:
        """``endpoints``: by their names, as in ``/console/data/NAME``."""
        self._files = files
        self._sessions = sessions
        self._events = events
        self._endpoints = {f"{_DATA}{name}": endpoint for name, endpoint in endpoints.items()}

    async def answer(self, request: Request, api: Api) -> ConsoleResponse:
        """The response to a request whose path is PREFIX or below it."""
        name = request.path.removeprefix(PREFIX)
        if name in {"", "/"} and not request.path.endswith("/"):
            return ConsoleResponse(HTTPStatus.PERMANENT_REDIRECT, {"location": f"{PREFIX}/", **SECURITY})
        name = name.removeprefix("/")
        first_segment = name.partition("/")[0]
        if first_segment not in RESERVED:
            return self._files.answer(request, name)
        if is_from_elsewhere(request.headers):
            return error_response(
                403, "AccessDeniedException", "Requests from pages of other origins are not answered."
            )
        if first_segment != _API and name not in {"events", "session", *self._endpoints}:
            return error_response(404, "NotFoundException", f"The console has no {PREFIX}/{name}.")
        if name == "session":
            return self._sessions.answer(request)
        return await self._answer_authenticated(request, name, api)

    async def _answer_authenticated(self, request: Request, name: str, api: Api) -> ConsoleResponse:
        login = self._sessions.login(request)
        if self._sessions.is_login_required and login is None:
            return error_response(401, "ExpiredTokenException", "The session has ended. Sign in again.")
        if name == "events":
            owner = None if login is None else login.csrf
            return self._events.answer(_scope(request), lambda: login is None or self._is_logged_in(request), owner)
        endpoint = self._endpoints.get(name)
        is_changing = endpoint is None or request.method not in _READING
        if login is not None and is_changing and not has_csrf_token(request, login):
            return error_response(403, "AccessDeniedException", "The request does not carry the session's token.")
        if endpoint is not None:
            return await endpoint.answer(request, None if login is None else self._sessions.home.account)
        return await api(name.removeprefix(_API) or "/", None if login is None else login.access_key)

    def _is_logged_in(self, request: Request) -> bool:
        return self._sessions.login(request) is not None


def _scope(request: Request) -> Scope | None:
    query = parse_qs(request.query)
    account, region = query.get("account", [""])[-1], query.get("region", [""])[-1]
    if not is_account(account) or not is_region(region):
        return None
    return Scope(AccountId(account), Region(region))
