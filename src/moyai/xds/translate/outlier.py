"""Passive health: endpoints that keep failing are left alone for a while."""

from __future__ import annotations

from envoy.config.cluster.v3 import outlier_detection_pb2

from moyai.mesh.ir import Failure, OutlierPolicy
from moyai.xds.translate.proto import seconds

_OFF, _ON = 0, 100


def outlier_detection(policy: OutlierPolicy) -> outlier_detection_pb2.OutlierDetection:
    """The policy, with Envoy's other detectors off. Envoy wants the longest ejection not to be below the first."""
    message = outlier_detection_pb2.OutlierDetection(
        interval=seconds(policy.interval),
        base_ejection_time=seconds(min(policy.base_ejection, policy.max_ejection)),
        max_ejection_time=seconds(policy.max_ejection),
    )
    message.max_ejection_percent.value = policy.max_ejection_percent
    message.enforcing_success_rate.value = _OFF
    match policy.counted:
        case Failure.NO_ANSWER:
            message.consecutive_gateway_failure.value = policy.consecutive_failures
            message.enforcing_consecutive_gateway_failure.value = _ON
            message.enforcing_consecutive_5xx.value = _OFF
        case Failure.SERVER_ERROR:
            message.consecutive_5xx.value = policy.consecutive_failures
            message.enforcing_consecutive_5xx.value = _ON
            message.enforcing_consecutive_gateway_failure.value = _OFF
    return message
