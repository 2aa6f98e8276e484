"""Detects requests that a web page of another origin has caused, by the headers that browsers send.

Promise: such requests are distinguished from those of the server's own pages, and from those of SDKs and command-line
tools, which send none of these headers. Another port of the same address is another origin, and so are a task's public
address and another name of this machine.
Sources: https://fetch.spec.whatwg.org/#origin-header, https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header,
https://www.rfc-editor.org/rfc/rfc9110#section-10.1.3
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit


def is_from_elsewhere(headers: Mapping[str, str]) -> bool:
    """Whether a page of another origin may have caused the request. Names of headers are lower-case.

    ``Sec-Fetch-Site`` says so directly. Every browser sends ``Origin`` with a POST. A browser without
    ``Sec-Fetch-Site`` sends ``Referer`` when it loads images and follows links, unless the page forbids it.
    """
    site = headers.get("sec-fetch-site")
    if site not in {None, "none", "same-origin"}:
        return True
    origin = headers.get("origin")
    if origin is not None:
        return not _is_own(origin, headers)
    referer = headers.get("referer")
    return site is None and referer is not None and not _is_own(_origin_of(referer), headers)


def _is_own(origin: str, headers: Mapping[str, str]) -> bool:
    """Whether the origin is the server itself. A proxy in front may have terminated TLS."""
    host = headers.get("host")
    return origin in {f"http://{host}", f"https://{host}"}


def _origin_of(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"
