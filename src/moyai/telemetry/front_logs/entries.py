"""The entries of a front proxy's log, as ``xds/translate/front_logs`` makes Envoy write them: one JSON object each.

Promise: every request has one entry, whatever a client sends. The container monitor cuts lines that are very long. The
members that come from clients are the last ones of an entry, and Envoy escapes them, so a line that was cut is mended
at its end, and a piece of a line can't be taken for an entry.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

_START: Final = '{"'
_MEMBER: Final = ',"user_'
"""How a member from a client begins; its quotes can't be a client's."""


class Place(msgspec.Struct, frozen=True):
    """Where an entry is to be written. ``folder``: the bucket and the beginning of the key; ``name``: the beginning of
    the file's name, up to the time; ``node``: the address in that name, empty where names have none.
    """

    folder: str
    name: str
    node: str = ""


_Time = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,11}\.[0-9]{1,9}$")]


class _Entry(msgspec.Struct, frozen=True, kw_only=True, tag_field="log"):
    """``created`` and ``emitted``: seconds since the epoch. ``host``: the load balancer's name in the DNS; ``node``:
    the address at which the client arrived, ``port`` the listener's, and ``listener`` its ARN; ``sni``: the name that
    the client asked for in its handshake.
    """

    folder: str
    name: str
    node: str
    elb: str
    listener: str
    host: str
    port: str
    created: _Time
    emitted: _Time
    client: str
    connection: int = 0
    sni: str | None = None
    tls: str | None = None
    cipher: str | None = None
    bytes_received: int = 0
    bytes_sent: int = 0

    @property
    def place(self) -> Place:
        """The file of this entry."""
        return Place(self.folder, self.name, self.node)


class RequestEntry(_Entry, frozen=True, kw_only=True, tag="request"):
    """A request to an application load balancer, when it has ended. ``route``: the rule's priority and its action.
    Times in microseconds, None for what did not happen.
    """

    scheme: str
    code: int = 0
    details: str | None = None
    protocol: str | None = None
    route: str | None = None
    group: str | None = None
    target: str | None = None
    request_time: int | None = None
    target_time: int | None = None
    response_time: int | None = None
    user_agent: str | None = None
    user_content: str | None = None
    user_host: str | None = None
    user_method: str | None = None
    user_path: str | None = None
    user_redirect: str | None = None
    user_trace: str | None = None


class ConnectionEntry(_Entry, frozen=True, kw_only=True, tag="connection"):
    """A connection to an application load balancer, when it has ended. ``failure``: of its handshake."""

    failure: str | None = None


class FlowEntry(_Entry, frozen=True, kw_only=True, tag="flow"):
    """A TLS connection to a network load balancer, when it has ended. Times in milliseconds."""

    connection_time: int = 0
    handshake_time: int | None = None

    @property
    def place(self) -> Place:
        """The file of this entry: those of network load balancers have no node in their names."""
        return Place(self.folder, self.name)


Entry = RequestEntry | ConnectionEntry | FlowEntry
_READER: Final[msgspec.json.Decoder[Entry]] = msgspec.json.Decoder(Entry)


def read_entry(line: str) -> Entry | None:
    """The entry of a line of the proxy's output; None for other output, and for the rest of a line that was cut."""
    if not line.startswith(_START):
        return None
    whole_members, _, _ = line.rpartition(_MEMBER)
    for text in (line, f'{line}"}}', f"{whole_members}}}"):
        try:
            return _READER.decode(text)
        except msgspec.DecodeError:
            continue
    return None
