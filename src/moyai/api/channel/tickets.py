"""Who may open which channel: tickets, handed out by ExecuteCommand and good once and for a short time.

Promise: a token is 256 random bits, is told once and kept only as its digest; it opens the one session it was made
for. A container has at most two sessions, of which those count that are not opened yet. Nothing of it outlives the
process: with the process go the sessions.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

import msgspec

from moyai.kernel.clock import Clock, Instant, later
from moyai.kernel.errors import MoyaiError
from moyai.kernel.ids import TaskArn
from moyai.kernel.secret import Secret
from moyai.ports.runtime import TaskRuntime
from moyai.ports.sessions import Execution

PATH = "/v1/data-channel/"
"""Where channels are opened: below it, by a session's id."""
SESSIONS_OF_A_CONTAINER = 2
LIFETIME = 60.0
"""Seconds until a ticket that nobody used is void."""
_TOKEN_BYTES = 32
_SESSION_DIGITS = 17
_HEXADECIMAL = "0123456789abcdef"


class TooManySessions(MoyaiError):
    """The container has as many as it may."""


class Ticket(msgspec.Struct, frozen=True):
    """A session that may be opened, or is open."""

    session: str
    """``ecs-execute-command-…``."""
    task: TaskArn
    execution: Execution
    digest: bytes
    expires_at: Instant
    opened: bool = False


class Tickets:
    """The sessions of this process, and the runtime that they run in."""

    def __init__(self, runtime: TaskRuntime, clock: Clock) -> None:
        self.runtime = runtime
        self.clock = clock
        self._tickets: dict[str, Ticket] = {}

    def offer(self, task: TaskArn, execution: Execution) -> tuple[str, Secret]:
        """A new session's id and token. Raises TooManySessions."""
        self._forget_expired()
        place = (task, execution.container)
        if sum((t.task, t.execution.container) == place for t in self._tickets.values()) >= SESSIONS_OF_A_CONTAINER:
            raise TooManySessions
        session = "ecs-execute-command-" + "".join(secrets.choice(_HEXADECIMAL) for _ in range(_SESSION_DIGITS))
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        expires = later(self.clock.now(), LIFETIME)
        self._tickets[session] = Ticket(session, task, execution, _digest(token), expires)
        return session, Secret(token)

    def awaits(self, session: str) -> bool:
        """Whether there is a session of this name that nobody opened yet."""
        self._forget_expired()
        return session in self._tickets and not self._tickets[session].opened

    def open(self, session: str, token: str) -> Ticket | None:
        """The session's ticket, used by this; None when the token does not open it. ``close`` it in the end."""
        if not self.awaits(session) or not hmac.compare_digest(self._tickets[session].digest, _digest(token)):
            return None
        ticket = self._tickets[session] = msgspec.structs.replace(self._tickets[session], opened=True)
        return ticket

    def close(self, session: str) -> None:
        """The session is over."""
        self._tickets.pop(session, None)

    def _forget_expired(self) -> None:
        now = self.clock.now()
        for session in [t.session for t in self._tickets.values() if not t.opened and t.expires_at <= now]:
            del self._tickets[session]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
