"""The ports of its own container that a health check's command asks. Pure.

Promise: a port is found in an URL or a name with a port, in the port that a URL without one means, after the host in
the arguments of ``nc``, and in Bash's ``/dev/tcp``. Other hosts are not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

_HOST: Final = r"(?:localhost|127\.0\.0\.1|\[::1\])"
_PORT: Final = re.compile(rf"(?:/dev/tcp/{_HOST}/|{_HOST}(?::|\s+))(\d{{1,5}})\b")
_URL: Final = re.compile(rf"\b(https?)://{_HOST}(?![\w.:-])")
_CLIENT: Final = re.compile(r"\b(?:curl|wget)\b")
_BARE_HOST: Final = re.compile(rf"(?<![\w.:/@-]){_HOST}(?![\w.:-]|\s+\d)")
_DEFAULT_PORTS: Final = MappingProxyType({"http": "80", "https": "443"})


def asked_ports(command: Sequence[str]) -> set[str]:
    """The ports that a health check's command asks, without its first word (CMD or CMD-SHELL)."""
    text = " ".join(command[1:])
    ports = set(_PORT.findall(text)) | {_DEFAULT_PORTS[scheme] for scheme in _URL.findall(text)}
    if _CLIENT.search(text) and _BARE_HOST.search(text):
        ports.add(_DEFAULT_PORTS["http"])
    return ports
