"""The sockets at which an application in a sandbox is expected to listen."""

from __future__ import annotations

import msgspec


class ExpectedListener(msgspec.Struct, frozen=True, order=True):
    """A socket of the sandbox's network namespace, at any of these ports and any of these addresses.

    ``first_port`` to ``last_port``: both included. ``addresses``: IPv4 or IPv6, as a client of the application names
    them; a socket that is bound to every address of a family answers at each of that family.
    ``protocol``: ``tcp`` (the socket is in state LISTEN) or ``udp`` (it is bound and has no peer).
    """

    protocol: str
    first_port: int
    last_port: int
    addresses: tuple[str, ...]

    @property
    def label(self) -> str:
        """The port or the range with its protocol, as ECS writes them: ``8080/tcp``."""
        last = "" if self.last_port == self.first_port else f"-{self.last_port}"
        return f"{self.first_port}{last}/{self.protocol}"
