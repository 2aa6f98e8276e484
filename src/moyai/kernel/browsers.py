"""What a browser says of whose page had it send a request. Pure.

Promise: a request that a page of another origin can have caused is told from one of the server's own pages, and from
one that no browser sent: SDKs and command lines send none of these headers. Another port of the same address is another
origin, and so are a task's public address and another name of this machine.
Sources: https://fetch.spec.whatwg.org/#origin-header, https://www.w3.org/TR/fetch-metadata/#sec-fetch-site-header,
https://www.rfc-editor.org/rfc/rfc9110#section-10.1.3
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit


def is_from_elsewhere(headers: Mapping[str, str]) -> bool:
    """Whether a page of another origin may have caused the request. Names of headers are lower-case.

    ``Sec-Fetch-Site`` says it outright. ``Origin`` comes with whatever a page sends by POST, in every browser. One that
    is too old for the first tells by ``Referer`` whose picture or link it was, unless the page forbade it.
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
    """Whether it is where the request went to. A proxy in front may have ended TLS."""
    host = headers.get("host")
    return origin in {f"http://{host}", f"https://{host}"}


def _origin_of(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"
