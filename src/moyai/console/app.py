"""Everything below ``/console``.

| address | what | needs |
|---|---|---|
| ``/console/api/…`` | the public API, as the key that is signed in | the login, and its token |
| ``/console/events`` | what has changed | the login |
| ``/console/session`` | who is signed in | nothing |
| anything else | the pages | nothing |

Where requests need no key (on loopback) nor does any of it. Requests that a page of another origin makes are refused in
both cases; the pages themselves are the same for everybody, and may be led to from anywhere.
Sources: docs/decisions/console-session.md, docs/decisions/browsers-are-kept-out.md
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

from moyai.console.events import Events
from moyai.console.files import Files
from moyai.console.messages import SECURITY, ConsoleResponse, Request, error_response
from moyai.console.session import Sessions, has_csrf_token
from moyai.kernel.browsers import is_from_elsewhere
from moyai.kernel.ids import AccountId, Region
from moyai.kernel.scope import Scope, is_account, is_region

PREFIX: Final = "/console"
_API: Final = "api"

Api = Callable[[str, str | None], Awaitable[ConsoleResponse]]
"""The public API: answers the request at hand as if it had come to this path, for whoever has this access key, or for
whoever it says (None)."""


class Console:
    """All of it."""

    def __init__(self, files: Files, sessions: Sessions, events: Events) -> None:
        self._files = files
        self._sessions = sessions
        self._events = events

    async def answer(self, request: Request, api: Api) -> ConsoleResponse:
        """The answer to a request whose path is PREFIX or below it."""
        name = request.path.removeprefix(PREFIX)
        if name in {"", "/"} and not request.path.endswith("/"):
            return ConsoleResponse(HTTPStatus.PERMANENT_REDIRECT, {"location": f"{PREFIX}/", **SECURITY})
        name = name.removeprefix("/")
        room = name.partition("/")[0]
        if room not in {_API, "events", "session"}:
            return self._files.answer(request, name)
        if is_from_elsewhere(request.headers):
            return error_response(
                403, "AccessDeniedException", "Requests from pages of other origins are not answered."
            )
        if room == "session":
            return self._sessions.answer(request)
        return await self._inside(request, name, api)

    async def _inside(self, request: Request, name: str, api: Api) -> ConsoleResponse:
        login = self._sessions.login(request)
        if self._sessions.is_login_required and login is None:
            return error_response(401, "ExpiredTokenException", "The session has ended. Sign in again.")
        if name == "events":
            whose = None if login is None else login.csrf
            return self._events.answer(_scope(request), lambda: login is None or self._still(request), whose)
        if login is not None and not has_csrf_token(request, login):
            return error_response(403, "AccessDeniedException", "The request does not carry the session's token.")
        return await api(name.removeprefix(_API) or "/", None if login is None else login.access_key)

    def _still(self, request: Request) -> bool:
        return self._sessions.login(request) is not None


def _scope(request: Request) -> Scope | None:
    asked = parse_qs(request.query)
    account, region = asked.get("account", [""])[-1], asked.get("region", [""])[-1]
    if not is_account(account) or not is_region(region):
        return None
    return Scope(AccountId(account), Region(region))
