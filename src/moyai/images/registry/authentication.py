"""Authorizes requests to registries: basic authentication, and tokens of a registry's token server.

Promise: a token is used until shortly before it expires, and renewed once when a registry refuses it. Credentials are
sent only to the registry that they belong to and to the token server that it names, over HTTPS if the registry uses
HTTPS. Concurrent requests to one repository share one token.
Source: https://distribution.github.io/distribution/spec/auth/token/, /oauth/
"""

from __future__ import annotations

import asyncio
import re
from typing import Final
from weakref import WeakValueDictionary

import httpx
import msgspec

from moyai.images.errors import AccessDenied, BadContent
from moyai.images.registry.addresses import check_target
from moyai.images.registry.challenges import Challenge, parse_challenges
from moyai.images.registry.credentials import Credentials, CredentialsFailed, CredentialSource
from moyai.images.registry.endpoints import RegistryEndpoint
from moyai.images.registry.failures import RequestFailed, access_denial, refusal, server_message, without_query
from moyai.images.registry.http import Http, read_body, read_error
from moyai.kernel.clock import Clock, Instant, later
from moyai.kernel.url import is_http_url

CLIENT_ID: Final = "moyai"
_MAX_TOKEN_BYTES: Final = 256 * 1024
_SHORTEST, _LONGEST = 60.0, 12 * 3600.0
"""The minimum and the maximum of the seconds that a token is used: the specification's default and minimum, and the
longest lifetime that a registry is known to give.
"""
_MARGIN: Final = 10.0
"""Seconds before its expiry at which a token stops being used."""
_BASIC_LIFE: Final = 300.0
"""Seconds after which credentials are looked up again."""
_MAX_AUTHORIZATIONS: Final = 512
_VISIBLE: Final = re.compile(r"[\x21-\x7e]{1,65536}")

_Key = tuple[str, str]


class RegistryAuthorization(msgspec.Struct, frozen=True):
    """The header Authorization of requests to one repository."""

    header: str
    origin: str | None
    """The user whose credentials were used for it; None without credentials."""
    expires: Instant


class _Token(msgspec.Struct):
    token: str = ""
    access_token: str = ""
    expires_in: float | None = None


_TOKEN = msgspec.json.Decoder(_Token)


class Authenticator:
    """Keeps the authorizations of repositories, and requests new ones."""

    def __init__(self, http: Http, clock: Clock, credentials: CredentialSource) -> None:
        self._http = http
        self._clock = clock
        self._credentials = credentials
        self._authorizations: dict[_Key, RegistryAuthorization] = {}
        self._locks: WeakValueDictionary[_Key, asyncio.Lock] = WeakValueDictionary()

    def current(self, endpoint: RegistryEndpoint, repository: str) -> RegistryAuthorization | None:
        """The authorization of a repository, if there is one that has not expired."""
        authorization = self._authorizations.get((endpoint.host, repository))
        if authorization is None or authorization.expires <= self._clock.now():
            return None
        return authorization

    async def renew(
        self,
        endpoint: RegistryEndpoint,
        repository: str,
        refused: RegistryAuthorization | None,
        response: httpx.Response,
    ) -> RegistryAuthorization:
        """A new authorization, for the challenge in a response with status 401. ``refused``: the authorization that the
        request was sent with. Raises RequestFailed when no other authorization is possible.
        """
        key = (endpoint.host, repository)
        async with self._locks.setdefault(key, asyncio.Lock()):
            known = self.current(endpoint, repository)
            if known is not None and known != refused:
                return known  # another request has renewed it meanwhile
            message = server_message(await read_error(response))
            challenges = parse_challenges(response.headers.get_list("www-authenticate"))
            self._authorizations.pop(key, None)
            if refused is not None and any(c.parameters.get("error") == "insufficient_scope" for c in challenges):
                raise access_denial(endpoint.registry, challenges[0], message, refused.origin)
            try:
                credentials = await self._credentials.find(endpoint.registry)
            except CredentialsFailed as failure:
                raise RequestFailed(AccessDenied, f"no basic auth credentials: {failure}") from failure
            authorization = await self._answer(endpoint, repository, challenges, credentials, message)
            if refused is not None and authorization.header == refused.header:
                raise access_denial(endpoint.registry, challenges[0], message, authorization.origin)
            self._keep(key, authorization)
            return authorization

    def _keep(self, key: _Key, authorization: RegistryAuthorization) -> None:
        now = self._clock.now()
        if len(self._authorizations) >= _MAX_AUTHORIZATIONS:
            self._authorizations = {k: a for k, a in self._authorizations.items() if a.expires > now}
        while len(self._authorizations) >= _MAX_AUTHORIZATIONS:
            del self._authorizations[next(iter(self._authorizations))]
        self._authorizations[key] = authorization

    async def _answer(
        self,
        endpoint: RegistryEndpoint,
        repository: str,
        challenges: tuple[Challenge, ...],
        credentials: Credentials | None,
        message: str,
    ) -> RegistryAuthorization:
        schemes = {challenge.scheme: challenge for challenge in reversed(challenges)}
        if (bearer := schemes.get("bearer")) is not None:
            return await self._request_token(endpoint, repository, bearer, credentials)
        if "basic" in schemes and credentials is not None and not credentials.is_identity_token:
            return RegistryAuthorization(credentials.basic, credentials.origin, later(self._clock.now(), _BASIC_LIFE))
        raise access_denial(endpoint.registry, schemes.get("basic"), message, None)

    async def _request_token(
        self, endpoint: RegistryEndpoint, repository: str, challenge: Challenge, credentials: Credentials | None
    ) -> RegistryAuthorization:
        realm = await self._realm(endpoint, challenge)
        scope = challenge.parameters.get("scope") or endpoint.scope(repository)
        service = challenge.parameters.get("service", "")
        query = {"scope": scope} | ({"service": service} if service else {})
        if credentials is not None and credentials.is_identity_token:
            token = credentials.password.reveal()
            form = {
                "grant_type": "refresh_token",
                "refresh_token": token,
                "client_id": CLIENT_ID,
                "service": service,
                "scope": scope,
            }
            request = self._http.open(endpoint, "POST", realm, {}, form)
        elif credentials is not None:
            query["account"] = credentials.username
            request = self._http.open(
                endpoint, "GET", realm.copy_merge_params(query), {"authorization": credentials.basic}
            )
        else:
            request = self._http.open(endpoint, "GET", realm.copy_merge_params(query), {})
        async with request as response:
            if not response.is_success:
                raise await _refused_token(endpoint, challenge, credentials, response)
            body = await read_body(response, _MAX_TOKEN_BYTES)
        return self._authorization(body, realm, credentials)

    async def _realm(self, endpoint: RegistryEndpoint, challenge: Challenge) -> httpx.URL:
        """The URL of the token server. Raises RequestFailed if no credentials may be sent there."""
        text = challenge.parameters.get("realm", "")
        if not is_http_url(text):
            raise RequestFailed(BadContent, f"{endpoint.host} names no token server in its challenge")
        realm = httpx.URL(text).copy_with(username=None, password=None, fragment=None)
        registry = await self._http.url(endpoint, "/")
        if registry.scheme == "https" and realm.scheme != "https":
            raise RequestFailed(
                BadContent, f"{endpoint.host} names the token server {without_query(realm)}, which is without TLS"
            )
        if realm.host != registry.host:
            await check_target(realm, may_be_loopback=endpoint.is_loopback)
        return realm

    def _authorization(self, body: bytes, realm: httpx.URL, credentials: Credentials | None) -> RegistryAuthorization:
        try:
            answer = _TOKEN.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise RequestFailed(BadContent, f"the token server {without_query(realm)} answered no token") from error
        token = answer.token or answer.access_token
        if not _VISIBLE.fullmatch(token):
            raise RequestFailed(BadContent, f"the token server {without_query(realm)} answered no token")
        seconds = min(max(answer.expires_in or _SHORTEST, _SHORTEST), _LONGEST) - _MARGIN
        origin = None if credentials is None else credentials.origin
        return RegistryAuthorization(f"Bearer {token}", origin, later(self._clock.now(), seconds))


async def _refused_token(
    endpoint: RegistryEndpoint, challenge: Challenge, credentials: Credentials | None, response: httpx.Response
) -> RequestFailed:
    body = await read_error(response)
    if response.status_code in {400, 401, 403}:
        origin = None if credentials is None else credentials.origin
        return access_denial(endpoint.registry, challenge, server_message(body), origin)
    if response.status_code in {404, 405}:
        cause = f"failed to fetch oauth token: {without_query(response.url)} answered {response.status_code}"
        return RequestFailed(AccessDenied, cause, f"Log in to {endpoint.registry} with a name and a password.")
    return refusal(response, body, endpoint.registry)
