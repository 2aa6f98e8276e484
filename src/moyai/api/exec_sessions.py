"""The ECS Exec sessions of this process: ExecuteCommand creates one, and its token opens it over the data channel once.

Promise: a token has 256 random bits, is returned once and kept only as its digest; it opens the one session that it was
created for. A container has at most two sessions, pending ones included. Sessions are not stored: they end with the
process.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from types import MappingProxyType

import msgspec

from moyai.kernel.clock import Clock, Instant, later
from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import TaskArn
from moyai.kernel.secret import Secret
from moyai.ports.runtime import TaskRuntime
from moyai.ports.sessions import Execution

PATH = "/v1/data-channel/"
"""The prefix of the paths at which data channels are opened; a session's id follows."""
SESSIONS_OF_A_CONTAINER = 2
LIFETIME = 60.0
"""Seconds until a pending session expires."""
ENVIRONMENT: Mapping[str, str] = MappingProxyType({"TERM": "xterm-256color", "LANG": "C.UTF-8"})
"""The environment that commands with a terminal get in addition to the container's."""
ROOT = "0"
"""The user that runs commands, as on AWS."""
_TOKEN_BYTES = 32
_SESSION_DIGITS = 17
_HEXADECIMAL = "0123456789abcdef"


class TooManySessions(MoyaiError):
    """The container has as many sessions as it may have."""


class RegisteredSession(msgspec.Struct, frozen=True):
    """A session that is pending or open."""

    id: str
    """``ecs-execute-command-…``."""
    task: TaskArn
    execution: Execution
    digest: bytes
    """SHA-256 of its token."""
    expires_at: Instant
    opened: bool = False


class ExecSessionRegistry:
    """The sessions by id, and the runtime that their commands run in."""

    def __init__(self, runtime: TaskRuntime, clock: Clock) -> None:
        self.runtime = runtime
        self.clock = clock
        self._sessions: dict[str, RegisteredSession] = {}

    def create(self, task: TaskArn, execution: Execution) -> tuple[str, Secret]:
        """Create a pending session, and return its id and token. Raises TooManySessions."""
        self._remove_expired()
        container = (task, execution.container)
        sessions = sum((s.task, s.execution.container) == container for s in self._sessions.values())
        if sessions >= SESSIONS_OF_A_CONTAINER:
            raise TooManySessions
        session = "ecs-execute-command-" + "".join(secrets.choice(_HEXADECIMAL) for _ in range(_SESSION_DIGITS))
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        expires = later(self.clock.now(), LIFETIME)
        self._sessions[session] = RegisteredSession(session, task, execution, _digest(token), expires)
        return session, Secret(token)

    def is_pending(self, session: str) -> bool:
        """Whether a session with this id exists that was not opened yet."""
        self._remove_expired()
        return session in self._sessions and not self._sessions[session].opened

    def open(self, session: str, token: str) -> RegisteredSession | None:
        """Open a pending session, which its caller has to ``close``; None when the token does not open it."""
        if not self.is_pending(session) or not hmac.compare_digest(self._sessions[session].digest, _digest(token)):
            return None
        opened = self._sessions[session] = msgspec.structs.replace(self._sessions[session], opened=True)
        return opened

    def close(self, session: str) -> None:
        """Remove a session that has ended."""
        self._sessions.pop(session, None)

    def _remove_expired(self) -> None:
        now = self.clock.now()
        for session in [s.id for s in self._sessions.values() if not s.opened and s.expires_at <= now]:
            del self._sessions[session]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
