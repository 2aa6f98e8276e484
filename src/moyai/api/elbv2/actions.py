"""The actions of listeners and rules: read from requests, checked, and shown as AWS shows them.

Promise: a rule has one action, of the type forward, redirect or fixed-response. A forward to one target group is shown
in both of its forms.
Refuses: authentication and JWT validation, by name.
Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Action.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

import msgspec

from moyai.domain.elb.errors import InvalidLoadBalancerAction
from moyai.domain.elb.quotas import GROUPS_PER_ACTION
from moyai.domain.elb.rule import Action, FixedResponseAction, ForwardAction, RedirectAction, WeightedGroup
from moyai.kernel.errors import InvalidInput
from moyai.kernel.ids import TargetGroupArn

_TYPES: Final = ("forward", "redirect", "fixed-response")
_CONTENT_TYPES: Final = ("text/plain", "text/css", "text/html", "application/javascript", "application/json")
_STATUSES: Final[Mapping[str, int]] = MappingProxyType({"HTTP_301": 301, "HTTP_302": 302})
_MAX_WEIGHT: Final = 999
_WEEK: Final = 604800
_PORT: Final = re.compile(r"#\{port\}|[1-9]\d{0,4}", re.ASCII)
_MAX_PORT: Final = 65535


class RedirectRequest(msgspec.Struct, frozen=True):
    status_code: str
    protocol: str = "#{protocol}"
    port: str = "#{port}"
    host: str = "#{host}"
    path: str = "/#{path}"
    query: str = "#{query}"


class FixedResponseRequest(msgspec.Struct, frozen=True):
    status_code: str
    message_body: str = ""
    content_type: str | None = None


class WeightedGroupRequest(msgspec.Struct, frozen=True):
    target_group_arn: str | None = None
    weight: int | None = None


class GroupStickinessRequest(msgspec.Struct, frozen=True):
    enabled: bool = False
    duration_seconds: int | None = None


class ForwardRequest(msgspec.Struct, frozen=True):
    target_groups: tuple[WeightedGroupRequest, ...] = ()
    target_group_stickiness_config: GroupStickinessRequest | None = None


class ActionRequest(msgspec.Struct, frozen=True):
    type: str
    target_group_arn: str | None = None
    order: int | None = None
    redirect_config: RedirectRequest | None = None
    fixed_response_config: FixedResponseRequest | None = None
    forward_config: ForwardRequest | None = None


class OrderedAction(NamedTuple):
    """An action and its Order."""

    action: Action
    order: int


def action_of(requests: Sequence[ActionRequest]) -> OrderedAction:
    """The one action of a rule. Raises InvalidInput, InvalidLoadBalancerAction."""
    if not requests:
        raise InvalidInput("An action must be specified")
    for request in requests:
        if request.type not in _TYPES:
            raise InvalidInput(f"Actions of the type '{request.type}' are not supported by moyai: {', '.join(_TYPES)}")
    if len(requests) > 1:
        raise InvalidLoadBalancerAction(f"A rule must have exactly one action of the types {', '.join(_TYPES)}")
    [request] = requests
    _check_configs(request)
    return OrderedAction(_action(request), request.order or 1)


def action_view(action: Action, order: int) -> dict[str, object]:
    """An action as the API has it."""
    match action:
        case ForwardAction():
            return {"type": "forward", "order": order, **_forward_view(action)}
        case RedirectAction():
            config: dict[str, object] = {
                "protocol": action.protocol,
                "port": action.port,
                "host": action.host,
                "path": action.path,
                "query": action.query,
                "status_code": f"HTTP_{action.status}",
            }
            return {"type": "redirect", "order": order, "redirect_config": config}
        case FixedResponseAction():
            config = {
                "status_code": str(action.status),
                "content_type": action.content_type,
                "message_body": action.body or None,
            }
            return {"type": "fixed-response", "order": order, "fixed_response_config": config}


def _action(request: ActionRequest) -> Action:
    if request.type == "forward":
        return _forward(request)
    if request.redirect_config is not None:
        return _redirect(request.redirect_config)
    if request.fixed_response_config is not None:
        return _fixed_response(request.fixed_response_config)
    raise InvalidInput(f"A {request.type} action must have its configuration")


def _check_configs(request: ActionRequest) -> None:
    """Raises InvalidInput where an action has the configuration of another type."""
    configs = {
        "forward": request.forward_config or request.target_group_arn,
        "redirect": request.redirect_config,
        "fixed-response": request.fixed_response_config,
    }
    other_types = [name for name, config in configs.items() if config is not None and name != request.type]
    if other_types:
        raise InvalidInput(
            f"An action of the type '{request.type}' has no configuration of the type '{other_types[0]}'"
        )


def _forward(request: ActionRequest) -> ForwardAction:
    config = request.forward_config or ForwardRequest()
    groups = tuple(_weighted_group(group) for group in config.target_groups)
    if request.target_group_arn is not None:
        group_arn = TargetGroupArn(request.target_group_arn)
        if groups and [group.group for group in groups] != [group_arn]:
            raise InvalidInput("TargetGroupArn and ForwardConfig must specify the same target group")
        groups = groups or (WeightedGroup(group_arn),)
    if not groups:
        raise InvalidInput("A target group must be specified for a forward action")
    if len(groups) > GROUPS_PER_ACTION:
        raise InvalidInput(f"A forward action can have at most '{GROUPS_PER_ACTION}' target groups")
    if len({group.group for group in groups}) < len(groups):
        raise InvalidInput("A target group can be specified only once in a forward action")
    if not any(group.weight for group in groups):
        raise InvalidInput("At least one target group of a forward action must have a weight greater than 0")
    stickiness = config.target_group_stickiness_config or GroupStickinessRequest()
    _check_stickiness(stickiness)
    duration = stickiness.duration_seconds
    return ForwardAction(groups, duration) if stickiness.enabled else ForwardAction(groups, None, duration)


def _weighted_group(request: WeightedGroupRequest) -> WeightedGroup:
    if request.target_group_arn is None:
        raise InvalidInput("A target group of a forward action must have an ARN")
    weight = 1 if request.weight is None else request.weight
    if not 0 <= weight <= _MAX_WEIGHT:
        raise InvalidInput(f"Target group weight '{weight}' must be between '0' and '{_MAX_WEIGHT}'")
    return WeightedGroup(TargetGroupArn(request.target_group_arn), weight)


def _check_stickiness(request: GroupStickinessRequest) -> None:
    duration = request.duration_seconds
    if (request.enabled and duration is None) or (duration is not None and not 1 <= duration <= _WEEK):
        raise InvalidInput(f"Target group stickiness duration must be between '1' and '{_WEEK}' seconds")


def _redirect(request: RedirectRequest) -> RedirectAction:
    if request == RedirectRequest(request.status_code, query=request.query):
        raise InvalidLoadBalancerAction("The redirect configuration is not valid because it creates a loop.")
    if not _PORT.fullmatch(request.port) or (request.port.isdigit() and int(request.port) > _MAX_PORT):
        raise InvalidInput(f"Redirect port '{request.port[:100]}' must be between '1' and '65535', or '#{{port}}'")
    if not request.path.startswith("/"):
        raise InvalidInput(f"Redirect path '{request.path}' must begin with a '/' character")
    if request.query.startswith("?"):
        raise InvalidInput(f"Redirect query '{request.query}' must not begin with a '?' character")
    parts = (request.protocol, request.host, request.port, request.path, request.query)
    if not all(part.isascii() and part.isprintable() and " " not in part for part in parts):
        raise InvalidInput("A redirect must have printable ASCII characters only, and no spaces")
    return RedirectAction(_STATUSES[request.status_code], *parts)


def _fixed_response(request: FixedResponseRequest) -> FixedResponseAction:
    if request.content_type is not None and request.content_type not in _CONTENT_TYPES:
        raise InvalidInput(
            f"Fixed response content type '{request.content_type}' must be one of '{', '.join(_CONTENT_TYPES)}'"
        )
    return FixedResponseAction(int(request.status_code), request.content_type, request.message_body)


def _forward_view(action: ForwardAction) -> dict[str, object]:
    sticky = action.stickiness is not None
    config = {
        "target_groups": [{"target_group_arn": group.group, "weight": group.weight} for group in action.groups],
        "target_group_stickiness_config": {
            "enabled": sticky,
            "duration_seconds": action.stickiness if sticky else action.unused_stickiness,
        },
    }
    single_group = {"target_group_arn": action.groups[0].group} if len(action.groups) == 1 else {}
    return {**single_group, "forward_config": config}
