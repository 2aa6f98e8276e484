"""Checks names, host names, paths and other texts, and yields a sentence for each fault.

Source: RFC 1123 (host names), RFC 9110 (names of headers); Envoy refuses control characters in most of these.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from moyai.kernel.addresses import is_ip_address

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,255}")
_HOST: Final = re.compile(r"[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
_SUFFIX: Final = re.compile(r"[A-Za-z0-9_.-]+")
_SERVICE: Final = re.compile(r"[A-Za-z0-9_.-]{1,255}")
_HEADER: Final = re.compile(r":?[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_LONGEST_HOST: Final = 253
_LONGEST: Final = 1024

Faults = Iterator[str]


def resource_name(where: str, text: str) -> Faults:
    """Faults of the name of a mesh, or of any resource in one except a virtual service."""
    if not _NAME.fullmatch(text):
        yield f"{where}: a name has 1 to 255 letters, digits, hyphens and underscores."


def service_name(where: str, text: str) -> Faults:
    """Faults of the name of a virtual service, which clients use as a host name."""
    if not _SERVICE.fullmatch(text):
        yield f"{where}: a virtual service's name has 1 to 255 letters, digits, dots, hyphens and underscores."


def host_name(where: str, text: str) -> Faults:
    """Faults of a host name, which has no port."""
    if len(text) > _LONGEST_HOST or not _HOST.fullmatch(text):
        yield f"{where}: {text[:100]!r} is not a host name."


def host_suffix(where: str, text: str) -> Faults:
    """Faults of the suffix of a host name."""
    if not _SUFFIX.fullmatch(text):
        yield f"{where}: {text[:100]!r} can't be the end of a host name. Leave out asterisks and ports."


def host_or_address(where: str, text: str) -> Faults:
    """Faults of a host name or an IP address."""
    if not is_ip_address(text) or "%" in text:  # a zone means something on one machine only
        yield from host_name(where, text)


def header_name(where: str, text: str) -> Faults:
    """Faults of the name of a header, or of a pseudo-header such as ``:path``."""
    if not _HEADER.fullmatch(text):
        yield f"{where}: {text[:100]!r} is not the name of a header."


def printable(where: str, text: str) -> Faults:
    """Faults of a text, which must be short and free of control characters."""
    if not 0 < len(text.encode()) <= _LONGEST:
        yield f"{where}: it has 1 to {_LONGEST} bytes in UTF-8."
    elif _CONTROL.search(text):
        yield f"{where}: there are control characters in it."


def url_path(where: str, text: str) -> Faults:
    """Faults of a URL's path, or of its beginning."""
    if not text.startswith("/"):
        yield f"{where}: it starts with /."
    yield from printable(where, text)


def file_path(where: str, text: str) -> Faults:
    """Faults of a path in the proxy's file system."""
    if not text.startswith("/") or ".." in text.split("/"):
        yield f"{where}: {text[:100]!r} is not the absolute path of a file."
    yield from printable(where, text)
