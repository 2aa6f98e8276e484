"""What a lifecycle hook may be.

Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DeploymentLifecycleHook.html
"""

from __future__ import annotations

import msgspec

from moyai.domain.ecs.errors import InvalidParameter
from moyai.domain.ecs.hook_function import FUNCTION_ARN
from moyai.domain.ecs.strategy import HookTarget, HookTimeout, LifecycleHook, LifecycleStage
from moyai.plan.strategy.calls import MOST_DETAILS

_MEMBER = "deploymentConfiguration.lifecycleHooks"
_NO_PAUSE = frozenset({LifecycleStage.TEST_TRAFFIC_SHIFT, LifecycleStage.PRODUCTION_TRAFFIC_SHIFT})
_LONGEST = 1440


def check_hook(hook: LifecycleHook) -> None:
    """Raises InvalidParameter."""
    if not hook.lifecycle_stages:
        raise InvalidParameter("Lifecycle stage cannot be null or empty.")
    if hook.target_type is HookTarget.PAUSE:
        _check_pause(hook)
    else:
        _check_function(hook)


def _check_pause(hook: LifecycleHook) -> None:
    wrong = next((stage for stage in hook.lifecycle_stages if stage in _NO_PAUSE), None)
    if wrong is not None:
        raise InvalidParameter(f"{_MEMBER}: PAUSE hooks cannot be configured at {wrong}.")
    if hook.hook_target_arn or hook.role_arn or hook.hook_details:
        raise InvalidParameter(f"{_MEMBER}: a PAUSE hook has no hookTargetArn, roleArn or hookDetails.")


def _check_function(hook: LifecycleHook) -> None:
    if hook.hook_target_arn is None or not FUNCTION_ARN.fullmatch(hook.hook_target_arn):
        raise InvalidParameter(f"{_MEMBER}[].hookTargetArn must be the ARN of a Lambda function.")
    if not isinstance(hook.hook_details, dict | None):
        raise InvalidParameter(f"{_MEMBER}[].hookDetails must be a JSON object.")
    if len(msgspec.json.encode(hook.hook_details)) > MOST_DETAILS:
        raise InvalidParameter(f"{_MEMBER}[].hookDetails must have at most {MOST_DETAILS} bytes.")
    if (hook.timeout_configuration or HookTimeout()).timeout_in_minutes > _LONGEST:
        raise InvalidParameter(f"{_MEMBER}[].timeoutConfiguration.timeoutInMinutes must be at most {_LONGEST}.")
