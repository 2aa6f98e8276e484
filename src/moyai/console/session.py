"""``/console/session``: the state of the login (GET), sign in (POST), sign out (DELETE).

The cookie is HttpOnly, SameSite=Strict and for ``/console`` only. It is Secure where the browser uses TLS, which its
Origin header shows (a reverse proxy may terminate the TLS).
"""

from __future__ import annotations

import hmac
from http.cookies import CookieError, SimpleCookie
from typing import Final

import msgspec

from moyai.console.logins import LIFETIME, Login, Logins
from moyai.console.messages import ConsoleResponse, Request, error_response, json_response
from moyai.domain.keys import scope_of
from moyai.kernel.scope import Scope
from moyai.ports.store import Store

COOKIE: Final = "moyai-console"
CSRF_HEADER: Final = "x-moyai-csrf"
_LONGEST_PART: Final = 256


class _SessionView(msgspec.Struct, frozen=True, rename={"access_key": "accessKey"}):
    version: str
    home: Scope
    scopes: tuple[Scope, ...] = ()
    login: bool = False
    access_key: str | None = None
    csrf: str = ""


class _SignInRequest(msgspec.Struct, frozen=True, rename="camel"):
    access_key_id: str
    secret_access_key: str


_DECODER = msgspec.json.Decoder(_SignInRequest)


class Home(msgspec.Struct, frozen=True):
    """The properties of the installation that a session shows."""

    version: str
    scope: Scope
    """The account and region of requests whose access key names no other account."""


class Sessions:
    """Answers requests for the session. ``logins`` is None where requests need no access key."""

    def __init__(self, store: Store, logins: Logins | None, home: Home) -> None:
        self._store = store
        self._logins = logins
        self._home = home

    @property
    def is_login_required(self) -> bool:
        """Whether requests need a login."""
        return self._logins is not None

    @property
    def home(self) -> Scope:
        """The account and region of requests whose access key names no other account; with logins, of all."""
        return self._home.scope

    def login(self, request: Request) -> Login | None:
        """The login of the request's cookie."""
        return None if self._logins is None else self._logins.find(_token(request))

    def answer(self, request: Request) -> ConsoleResponse:
        """200 with the session, or 400, 401, 403 or 405 with the reason."""
        match request.method:
            case "GET":
                return json_response(200, self._view(self.login(request)))
            case "POST" if self._logins is not None:
                return self._begin(request, self._logins)
            case "DELETE" if self._logins is not None:
                return self._end(request, self._logins)
            case "POST" | "DELETE":
                return error_response(400, "ValidationException", "This installation needs no login.")
        return error_response(405, "MethodNotAllowedException", "Use GET, POST or DELETE.")

    def _begin(self, request: Request, logins: Logins) -> ConsoleResponse:
        try:
            sign_in = _DECODER.decode(request.body)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return error_response(400, "ValidationException", "Give accessKeyId and secretAccessKey, as JSON.")
        if len(sign_in.access_key_id) > _LONGEST_PART or len(sign_in.secret_access_key) > _LONGEST_PART:
            return error_response(400, "ValidationException", "That is no access key.")
        token_and_login = logins.begin(sign_in.access_key_id, sign_in.secret_access_key)
        if token_and_login is None:
            return error_response(401, "UnrecognizedClientException", "The access key ID or the secret is not right.")
        token, login = token_and_login
        return json_response(200, self._view(login), {"set-cookie": _cookie(request, token, int(LIFETIME))})

    def _end(self, request: Request, logins: Logins) -> ConsoleResponse:
        login = self.login(request)
        if login is not None and not has_csrf_token(request, login):
            return error_response(403, "AccessDeniedException", "The request does not carry the session's token.")
        logins.end(_token(request))
        return json_response(200, self._view(None), {"set-cookie": _cookie(request, "", 0)})

    def _view(self, login: Login | None) -> _SessionView:
        home = self._home
        if self.is_login_required and login is None:
            return _SessionView(home.version, home.scope, login=True)
        world = self._store.world
        tables = (world.clusters, world.namespaces, world.load_balancers)
        scopes = {scope_of(record.arn) for table in tables for record in table}
        if login is None:
            return _SessionView(home.version, home.scope, tuple(sorted(scopes)))
        own = tuple(sorted(scope for scope in scopes if scope.account == home.scope.account))
        return _SessionView(home.version, home.scope, own, login=True, access_key=login.access_key, csrf=login.csrf)


def has_csrf_token(request: Request, login: Login) -> bool:
    """Whether the request has the login's CSRF token, which only pages of the console know."""
    return hmac.compare_digest(request.headers.get(CSRF_HEADER, "").encode(), login.csrf.encode())


def _token(request: Request) -> str:
    try:
        cookies = SimpleCookie(request.headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookies[COOKIE].value if COOKIE in cookies else ""


def _cookie(request: Request, value: str, seconds: int) -> str:
    secure = "; Secure" if request.headers.get("origin", "").startswith("https://") else ""
    return f"{COOKIE}={value}; Path=/console; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"
