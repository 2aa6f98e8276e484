"""What the head of a request may have on its way to a load balancer, for every Envoy that reads it.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
"""

from __future__ import annotations

from typing import Final

MAX_HEADERS: Final = 64
"""KiB of a request's headers."""
MAX_HEADER_COUNT: Final = 1000
"""Headers of a request, far more than Envoy's own 100: over HTTP/2 each cookie counts."""
WEBSOCKET: Final = "websocket"
"""The one protocol of the header Upgrade that is passed on."""
OTHER_UPGRADES: Final = "(?i)" + "|".join(
    (f"{WEBSOCKET}.+", *(f"{WEBSOCKET[:n]}([^{WEBSOCKET[n]}].*)?" for n in range(len(WEBSOCKET))))
)
"""Every other protocol that a client may offer in the header Upgrade, as Apache's HttpClient offers TLS with every
request (RFC 2817). Envoy would refuse the request; without an answer to the offer, the connection stays as it is.
"""
