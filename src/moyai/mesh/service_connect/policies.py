"""The numbers of Service Connect's proxies: retries, time-outs, outlier detection.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
where AWS gives them; the others, and why, are in docs/reference/parity.md.
"""

from __future__ import annotations

from moyai.domain.connect.names import Offer
from moyai.mesh.ir import OutlierPolicy, Protocol, RetryCondition, RetryPolicy, TimeoutPolicy

RETRIES = 2
_RESELECTIONS = 5
_REQUEST_TIMEOUT = 15.0
_HTTP_IDLE = 300.0
_TCP_IDLE = 3600.0
CONNECT_TIMEOUT = 1.0
APP_CONNECT_TIMEOUT = 0.25
APP_CONNECTION_IDLE = 4.0
CUT_REQUEST = 502

OUTLIER = OutlierPolicy(
    consecutive_failures=5, interval=10.0, base_ejection=30.0, max_ejection=300.0, max_ejection_percent=50
)

REPEATABLE = ("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE")
"""Methods that may be sent twice (RFC 9110 § 9.2.2)."""
RETRY_REPEATABLE = RetryPolicy(
    attempts=RETRIES,
    conditions=(RetryCondition.CONNECT_FAILURE, RetryCondition.REFUSED_STREAM, RetryCondition.RESET),
    status_codes=(CUT_REQUEST, 503),
    reselections=_RESELECTIONS,
)
RETRY_UNSENT = RetryPolicy(
    attempts=RETRIES,
    conditions=(RetryCondition.CONNECT_FAILURE, RetryCondition.REFUSED_STREAM, RetryCondition.RESET_BEFORE_REQUEST),
    status_codes=(503,),
    reselections=_RESELECTIONS,
)
RETRY_GRPC = RetryPolicy(
    attempts=RETRIES,
    conditions=(*RETRY_UNSENT.conditions, RetryCondition.UNAVAILABLE),
    status_codes=(503,),
    reselections=_RESELECTIONS,
)


def protocol_of(app_protocol: str | None) -> Protocol:
    """No ``appProtocol`` is TCP."""
    return Protocol.TCP if app_protocol is None else Protocol(app_protocol)


def timeouts_of(protocol: Protocol, offer: Offer | None) -> TimeoutPolicy:
    """What the offer says, else the protocol's defaults."""
    is_tcp = protocol is Protocol.TCP
    request = None if offer is None else offer.per_request_timeout_seconds
    idle = None if offer is None else offer.idle_timeout_seconds
    return TimeoutPolicy(
        request=0 if is_tcp else _REQUEST_TIMEOUT if request is None else request,
        idle=idle if idle is not None else _TCP_IDLE if is_tcp else _HTTP_IDLE,
    )
