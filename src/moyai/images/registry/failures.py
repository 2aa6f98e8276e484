"""The failures of requests to registries, in the words of containerd, which AWS shows, with advice on what to do.

Promise: pure. A server's message is shortened, on one line and printable. URLs are shown without their query, which may
have a signature.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

import httpx
import msgspec

from moyai.images.errors import AccessDenied, NotFound, PullFailed, RateLimited, Unreachable
from moyai.images.reference import DOCKER_HUB
from moyai.images.registry.challenges import Challenge
from moyai.images.registry.ecr_credentials import is_ecr
from moyai.kernel.errors import MoyaiError

_MAX_WORDS: Final = 300
_HUB_LIMIT: Final = re.compile(r"(\d{1,9})(?:;w=(\d{1,9}))?")
_LONGEST_RETRY_AFTER: Final = 365 * 86400
_REACH_ADVICE: Final = "Check the registry's name, and that this machine reaches it (proxy, firewall, DNS)"
_PUSH_ADVICE: Final = ", or push the image to moyai's own ECR"
"""An image of a registry of Amazon ECR that was pushed to moyai is taken from there."""
_TRANSIENT: Final = frozenset({408, 425, 429, 500, 502, 503, 504})


class RequestFailed(MoyaiError):
    """A request has failed. ``str()`` is the cause; ``error_class`` is the error with which the pull fails."""

    def __init__(
        self,
        error_class: type[PullFailed],
        cause: str,
        advice: str = "",
        *,
        is_transient: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(cause)
        self.error_class = error_class
        self.advice = advice
        """Advice for the user: sentences, or an empty text."""
        self.is_transient = is_transient
        """Whether the same request may succeed later."""
        self.retry_after = retry_after
        """The seconds that the server asks to wait before the next request."""


class _Error(msgspec.Struct):
    code: str = ""
    message: str = ""


class _Errors(msgspec.Struct):
    errors: list[_Error] = []
    details: str = ""
    message: str = ""


_ERRORS = msgspec.json.Decoder(_Errors)


def server_message(body: bytes) -> str:
    """The message in the body of an error response, such as ``toomanyrequests: …``; empty if there is none."""
    try:
        answer = _ERRORS.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""
    texts = [f"{error.code.lower().replace('_', '')}: {error.message}" for error in answer.errors[:1]]
    return printable(texts[0] if texts else answer.details or answer.message)


def printable(text: str) -> str:
    """The text on one line, without control characters, and shortened to _MAX_WORDS characters."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= _MAX_WORDS else f"{line[:_MAX_WORDS]}…"


def without_query(url: httpx.URL | str) -> str:
    """The text of a URL for errors, without its query, fragment and user."""
    return printable(str(httpx.URL(url).copy_with(query=None, fragment=None, username=None, password=None)))


def refusal(response: httpx.Response, body: bytes, registry: str) -> RequestFailed:
    """The failure that an error response of a registry means. ``body``: the response's body."""
    status = response.status_code
    phrase = httpx.codes.get_reason_phrase(status)
    message = server_message(body)
    suffix = f" - Server message: {message}" if message else ""
    cause = f"unexpected status code {without_query(response.url)}: {status} {phrase}{suffix}".strip()
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return RequestFailed(AccessDenied, cause, _login_advice(registry))
    if status in {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}:
        is_blob = "/blobs/" in response.request.url.path
        cause = f"content at {without_query(response.url)} not found" if is_blob else "not found"
        return RequestFailed(NotFound, cause, _name_advice(registry))
    retry_after = _seconds(response.headers.get("retry-after", ""))
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        advice = _limit_advice(registry, response.headers, retry_after)
        return RequestFailed(RateLimited, cause, advice, is_transient=True, retry_after=retry_after)
    is_transient = status in _TRANSIENT
    advice = f"{registry} fails by itself: try again later." if is_transient else ""
    return RequestFailed(Unreachable, cause, advice, is_transient=is_transient, retry_after=retry_after)


def access_denial(registry: str, challenge: Challenge | None, message: str, origin: str | None) -> RequestFailed:
    """The failure when access is denied. ``origin``: that of the credentials in the request; None without any."""
    reason = message or printable(challenge.parameters.get("error", "") if challenge else "")
    if origin is None:
        reason = f"server message: {reason}: authorization failed" if reason else "no basic auth credentials"
        cause = f"pull access denied, repository does not exist or may require authorization: {reason}"
        return RequestFailed(AccessDenied, cause, f"{_name_advice(registry)} {_login_advice(registry)}")
    cause = f"pull access denied: authorization failed with the credentials of {origin}"
    return RequestFailed(AccessDenied, f"{cause}: {reason}" if reason else cause, _login_advice(registry))


def connection_failure(error: Exception, method: str, url: httpx.URL | str) -> RequestFailed:
    """The failure when no response has arrived, in the words of Go's HTTP client."""
    cause = f'failed to do request: {method.title()} "{without_query(url)}": {_reason(error, httpx.URL(url).host)}'
    if certificate_error(error) is not None:
        host = httpx.URL(url).netloc.decode()
        advice = (
            f"Put its authority into /etc/docker/certs.d/{host}/ca.crt, or start moyai with --insecure-registry {host}."
        )
        return RequestFailed(Unreachable, cause, advice)
    advice = f"{_REACH_ADVICE}{_PUSH_ADVICE}." if is_ecr(httpx.URL(url).host) else f"{_REACH_ADVICE}."
    return RequestFailed(Unreachable, cause, advice, is_transient=True)


def certificate_error(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """The failed verification of a certificate that has caused an error; None for another cause."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error
        error = error.__cause__ or error.__context__
    return None


def _reason(error: Exception, host: str) -> str:
    if (unverified := certificate_error(error)) is not None:
        return f"tls: failed to verify certificate: x509: {printable(unverified.verify_message)}"
    if isinstance(error, httpx.ConnectTimeout):
        return f"dial tcp {host}: i/o timeout"
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return "net/http: request canceled (Client.Timeout exceeded while awaiting headers)"
    text = printable(str(error)) or type(error).__name__
    if isinstance(error, httpx.ConnectError):
        return f"dial tcp {host}: {text}"
    return text


def _name_advice(registry: str) -> str:
    if registry == DOCKER_HUB:
        return "Check the name and the tag; a private repository is not found without credentials."
    advice = f"Check that {registry} has this repository and tag"
    return f"{advice}{_PUSH_ADVICE}." if is_ecr(registry) else f"{advice}."


def _login_advice(registry: str) -> str:
    if is_ecr(registry):
        return (
            "Give moyai AWS keys that allow ecr:GetAuthorizationToken, ecr:BatchGetImage and"
            f" ecr:GetDownloadUrlForLayer{_PUSH_ADVICE}."
        )
    name = "" if registry == DOCKER_HUB else f" {registry}"
    return f"Run `docker login{name}` as the user that runs moyai, or name a secret in repositoryCredentials."


def _limit_advice(registry: str, headers: Mapping[str, str], retry_after: float | None) -> str:
    wait = f"Try again in {_duration(retry_after)}" if retry_after else "Try again later"
    if registry != DOCKER_HUB:
        return f"{registry} limits the number of requests. {wait}, log in to it, or set a mirror (--registry-mirror)."
    limit = _HUB_LIMIT.match(headers.get("ratelimit-limit", ""))
    window = f" in {_duration(float(limit[2]))}" if limit and limit[2] else ""
    number = f" ({limit[1]} pulls{window})" if limit else ""
    return (
        f"Docker Hub limits pulls by address and user{number}. {wait}, run `docker login`, set a mirror"
        " (--registry-mirror docker.io=URL), or name the image at public.ecr.aws/docker/."
    )


def _seconds(text: str) -> float | None:
    """The seconds in a Retry-After header; None for a date or another text."""
    return float(min(int(text), _LONGEST_RETRY_AFTER)) if re.fullmatch(r"[0-9]{1,12}", text) else None


_UNITS: Mapping[str, int] = MappingProxyType({"h": 3600, "min": 60, "s": 1})


def _duration(seconds: float) -> str:
    """A duration in the largest unit of which it is a whole number, such as ``6 h`` or ``90 s``."""
    unit, length = next((unit, length) for unit, length in _UNITS.items() if seconds % length == 0 or length == 1)
    return f"{seconds / length:.0f} {unit}"
