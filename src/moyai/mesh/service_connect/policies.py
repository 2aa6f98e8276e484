"""Retries, timeouts and outlier detection of Service Connect's proxies.

Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
where AWS publishes them; the others, with their reasons, are in docs/reference/parity.md.
"""

from __future__ import annotations

from msgspec.structs import replace

from moyai.domain.cloudmap.service import DiscoveryService
from moyai.domain.connect.names import Offer
from moyai.domain.connect.outside import external_endpoint
from moyai.domain.connect.tuning import Tuning
from moyai.mesh.ir import OutlierPolicy, Protocol, RetryCondition, RetryPolicy, TimeoutPolicy

RETRIES = 2
_RESELECTIONS = 5
_REQUEST_TIMEOUT = 15.0
_HTTP_IDLE = 300.0
_TCP_IDLE = 3600.0
CONNECT_TIMEOUT = 1.0
APP_CONNECT_TIMEOUT = 0.25
_APP_CONNECTION_IDLE = 4.0
_CUT_REQUEST = 502

OUTLIER = OutlierPolicy(
    consecutive_failures=5, interval=10.0, base_ejection=30.0, max_ejection=300.0, max_ejection_percent=50
)

IDEMPOTENT_METHODS = ("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE")
"""The idempotent methods of RFC 9110 § 9.2.2."""
RETRY_IDEMPOTENT = RetryPolicy(
    attempts=RETRIES,
    conditions=(RetryCondition.CONNECT_FAILURE, RetryCondition.REFUSED_STREAM, RetryCondition.RESET),
    status_codes=(_CUT_REQUEST, 503),
    reselections=_RESELECTIONS,
)
_UNSENT = (RetryCondition.CONNECT_FAILURE, RetryCondition.REFUSED_STREAM, RetryCondition.RESET_BEFORE_REQUEST)
_SERVICE_UNAVAILABLE = 503
"""The status that means that the request was not processed."""
RETRY_GRPC = RetryPolicy(
    attempts=RETRIES,
    conditions=(*_UNSENT, RetryCondition.UNAVAILABLE),
    status_codes=(_SERVICE_UNAVAILABLE,),
    reselections=_RESELECTIONS,
)


def tuned_retry(default: RetryPolicy, tuning: Tuning) -> RetryPolicy | None:
    """The policy, changed as the service's tags say; None = no retries."""
    policy = default
    if tuning.retries is not None:
        policy = replace(policy, attempts=tuning.retries)
    if tuning.retry_on is not None:
        codes = tuple(int(word) for word in tuning.retry_on if word.isdecimal())
        conditions = tuple(RetryCondition(word) for word in tuning.retry_on if not word.isdecimal())
        policy = replace(policy, conditions=conditions, status_codes=codes)
    if tuning.per_try_timeout is not None and RetryCondition.RESET in policy.conditions:
        policy = replace(policy, per_try_timeout=tuning.per_try_timeout)
    return policy if policy.attempts else None


def retry_unprocessed(policy: RetryPolicy | None) -> RetryPolicy | None:
    """The part of a policy that is safe for non-idempotent requests: it retries only unprocessed ones."""
    if policy is None:
        return None
    causes = {RetryCondition.RESET_BEFORE_REQUEST if c is RetryCondition.RESET else c for c in policy.conditions}
    conditions = tuple(condition for condition in _UNSENT if condition in causes)
    codes = tuple(code for code in policy.status_codes if code == _SERVICE_UNAVAILABLE)
    safe = replace(policy, conditions=conditions, status_codes=codes, per_try_timeout=0)
    return safe if conditions or codes else None


def tuned_outlier(tuning: Tuning) -> OutlierPolicy | None:
    """Outlier detection, changed as the service's tags say; None = off."""
    if tuning.outlier_failures == 0:
        return None
    percent = tuning.outlier_max_ejection_percent
    base = tuning.outlier_base_ejection or OUTLIER.base_ejection
    return OutlierPolicy(
        consecutive_failures=tuning.outlier_failures or OUTLIER.consecutive_failures,
        interval=tuning.outlier_interval or OUTLIER.interval,
        base_ejection=base,
        max_ejection=max(base, OUTLIER.max_ejection),
        max_ejection_percent=OUTLIER.max_ejection_percent if percent is None else percent,
    )


def inbound_stat_name(discovery_name: str) -> str:
    """The name of the statistics of a task's inbound traffic for a discovery name."""
    return f"ingress.{discovery_name}"


def protocol_of(app_protocol: str | None) -> Protocol:
    """The protocol of a port with this ``appProtocol``; None is TCP."""
    return Protocol.TCP if app_protocol is None else Protocol(app_protocol)


def service_protocol(service: DiscoveryService) -> Protocol:
    """The protocol of a discovery service: that of its owner's Service Connect, or of its own attributes."""
    participant = None if service.owner is not None else external_endpoint(service.attributes)
    return protocol_of(service.protocol if participant is None else participant.protocol)


def cut_request_status(protocol: Protocol) -> int | None:
    """The status for the caller when the application breaks the connection of its request; None = the proxy's own."""
    return _CUT_REQUEST if protocol in {Protocol.HTTP, Protocol.HTTP2} else None


def app_connection_idle(protocol: Protocol) -> float:
    """Seconds after which an idle connection to the application is closed; 0 = Envoy's default."""
    return 0 if protocol is Protocol.TCP else _APP_CONNECTION_IDLE


def timeouts_of(protocol: Protocol, offer: Offer | None) -> TimeoutPolicy:
    """The timeouts of an offer, else the protocol's defaults."""
    is_tcp = protocol is Protocol.TCP
    request = None if offer is None else offer.per_request_timeout_seconds
    idle = None if offer is None else offer.idle_timeout_seconds
    return TimeoutPolicy(
        request=0 if is_tcp else _REQUEST_TIMEOUT if request is None else request,
        idle=idle if idle is not None else _TCP_IDLE if is_tcp else _HTTP_IDLE,
    )
