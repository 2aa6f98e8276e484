"""The entries of a front proxy's log, as ``xds/translate/front_logs`` makes Envoy write them: one JSON object each.

Promise: every request has one entry, whatever a client sends. The container monitor cuts very long lines. The members
with a client's values are the last ones of an entry, and Envoy escapes the values. So an entry can be restored from a
line that was cut, and the rest of the line can't be mistaken for an entry.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec

_START: Final = '{"'
_MEMBER: Final = ',"user_'
"""The beginning of a member with a client's value. A client's values can't contain it, because quotes are escaped."""


class Place(msgspec.Struct, frozen=True):
    """The file that an entry is written to. ``folder``: the bucket and the beginning of the key; ``name``: the
    beginning of the file's name, up to the time; ``node``: the address in that name, empty if the name has none.
    """

    folder: str
    name: str
    node: str = ""


_Time = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,11}\.[0-9]{1,9}$")]


class _Entry(msgspec.Struct, frozen=True, kw_only=True, tag_field="log"):
    """``created`` and ``emitted``: seconds since the epoch. ``host``: the load balancer's DNS name; ``node``: the
    address that the client connected to; ``port``: the listener's port; ``listener``: its ARN; ``sni``: the server name
    in the client's handshake.
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
    """A request to an application load balancer that has ended. ``route``: the rule's priority and its action.
    Times are in microseconds; None for a step that did not happen.
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
    """A connection to an application load balancer that has ended. ``failure``: why its handshake failed."""

    failure: str | None = None


class FlowEntry(_Entry, frozen=True, kw_only=True, tag="flow"):
    """A TLS connection to a network load balancer that has ended. Times are in milliseconds."""

    connection_time: int = 0
    handshake_time: int | None = None

    @property
    def place(self) -> Place:
        """The file of this entry. The names of network load balancers' files have no node."""
        return Place(self.folder, self.name)


Entry = RequestEntry | ConnectionEntry | FlowEntry
_READER: Final[msgspec.json.Decoder[Entry]] = msgspec.json.Decoder(Entry)


def read_entry(line: str) -> Entry | None:
    """Read a line of the proxy's output. Returns None for other output, and for the rest of a line that was cut."""
    if not line.startswith(_START):
        return None
    whole_members, _, _ = line.rpartition(_MEMBER)
    for text in (line, f'{line}"}}', f"{whole_members}}}"):
        try:
            return _READER.decode(text)
        except msgspec.DecodeError:
            continue
    return None
