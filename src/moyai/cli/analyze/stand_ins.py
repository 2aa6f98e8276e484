"""Values in place of those that a document does not have yet, so that the rules of a request can be checked.

Promise: a stand-in breaks no rule, even in a structure where a member of the same name is really absent. The rules of a
request are not checked if it lacks a member for which there is no stand-in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import count
from types import MappingProxyType
from typing import Any, Final

from botocore.model import ListShape, MapShape, Shape, StructureShape

from moyai.domain.logs.driver import AWSLOGS

_SUBNETS: Final = ("subnet-00000000",)
_ROLE: Final = "arn:aws:iam::123456789012:role/unknown"
_GROUP: Final = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/unknown-{}/0123456789abcdef"
_REGISTRY: Final = "arn:aws:servicediscovery:us-east-1:123456789012:service/srv-{}"
_VALUES: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "awsvpcconfiguration": {"subnets": _SUBNETS},
        "desiredcount": 1,
        "executionrolearn": _ROLE,
        "family": "unknown",
        "filesystemid": "fs-00000000",
        "image": "unknown",
        "networkconfiguration": {"awsvpcConfiguration": {"subnets": _SUBNETS}},
        "registryarn": _REGISTRY,
        "servicename": "unknown",
        "subnets": _SUBNETS,
        "targetgrouparn": _GROUP,
        "taskdefinition": "unknown",
        "valuefrom": "unknown",
    }
)
"""The stand-ins by the members' names in lower case. ``{}`` becomes another number each time."""
_SHAPE_VALUES: Final[Mapping[tuple[str, str], Any]] = MappingProxyType(
    {
        ("EnvironmentFile", "value"): "arn:aws:s3:::unknown/unknown.env",
        ("ResourceRequirement", "value"): "1",
        ("ServiceConnectTestTrafficHeaderRules", "value"): {"exact": "unknown"},
        ("SystemControl", "value"): "1",
        ("ThresholdConfiguration", "value"): 1,
    }
)
"""Other stand-ins by structure and member, where the structure's rules require them."""
_PROXY_PROPERTIES: Final = "ProxyConfigurationProperties"
_KERNEL_PARAMETER: Final = ("SystemControl", "namespace")
_OPTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {"awslogs-group": "unknown", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "unknown"}
)
_OPTIONAL: Final = frozenset(
    {"accesspointid", "cluster", "dockerlabels", "environment", "environmentfiles", "namespace", "options", "secrets"}
    | {"securitygroups", "tags", "taskrolearn", "value"}
)
"""Members that no rule requires."""


class _NoStandIn(Exception):
    """A member is missing for which there is no stand-in."""


def with_stand_ins(
    members: Mapping[str, Any], unknown: AbstractSet[str], shape: StructureShape
) -> Mapping[str, Any] | None:
    """The members of a request with stand-ins for those whose names, in lower case, are ``unknown``; None where there
    is none for one of them.
    """
    if unknown - _VALUES.keys() - _OPTIONS.keys() - _OPTIONAL:
        return None
    numbers = count()
    try:
        return dict(_structure(members, shape, unknown, lambda: next(numbers))) if unknown else members
    except _NoStandIn:
        return None


def _structure(
    members: Mapping[str, Any], shape: StructureShape, unknown: AbstractSet[str], number: Callable[[], int]
) -> Iterator[tuple[str, Any]]:
    for name, member in shape.members.items():
        if name in members:
            yield name, _completed(members[name], member, unknown, number)
        elif (shape.name, name) == _KERNEL_PARAMETER and name in unknown:
            raise _NoStandIn  # the accepted parameters depend on the network and IPC modes
        elif name.lower() in unknown:
            stand_in = _SHAPE_VALUES.get((shape.name, name.lower()), _VALUES.get(name.lower()))
            if stand_in is not None:
                yield name, stand_in.format(number()) if isinstance(stand_in, str) else stand_in
    if members.get("logDriver") == AWSLOGS:
        options = {name: value for name, value in _OPTIONS.items() if unknown & {name, "options"}}
        has_options = isinstance(members.get("options"), Mapping)
        yield "options", {**options, **(members["options"] if has_options else {})}


def _completed(value: Any, shape: Shape, unknown: AbstractSet[str], number: Callable[[], int]) -> Any:  # noqa: ANN401
    match shape:
        case StructureShape() if isinstance(value, Mapping):
            return dict(_structure(value, shape, unknown, number))
        case ListShape() if isinstance(value, list):
            if shape.name == _PROXY_PROPERTIES and any(
                isinstance(each, Mapping) and "value" not in each for each in value
            ):
                raise _NoStandIn  # the rules for ports, users and ranges of addresses depend on each other
            return [_completed(element, shape.member, unknown, number) for element in value]
        case MapShape() if isinstance(value, Mapping):
            return {key: _completed(each, shape.value, unknown, number) for key, each in value.items()}
        case _:
            return value
