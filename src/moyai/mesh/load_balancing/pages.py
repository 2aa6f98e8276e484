"""The bodies of the responses that an Application Load Balancer gives itself."""

from __future__ import annotations

from typing import Final

SERVER: Final = "awselb/2.0"
"""The value of the header Server in them."""
HTML: Final = "text/html"
_LINES: Final = (
    "301 Moved Permanently",
    "302 Found",
    "400 Bad Request",
    "405 Not Allowed",
    "408 Request Time-out",
    "502 Bad Gateway",
    "503 Service Temporarily Unavailable",
    "504 Gateway Time-out",
)


def _page(line: str) -> str:
    return (
        f"<html>\r\n<head><title>{line}</title></head>\r\n"
        f"<body>\r\n<center><h1>{line}</h1></center>\r\n</body>\r\n</html>\r\n"
    )


ERROR_PAGES: Final = tuple((int(line.partition(" ")[0]), _page(line)) for line in _LINES)
"""The page of each status."""


def error_page(status: int) -> str:
    """The page of a status."""
    return dict(ERROR_PAGES)[status]
