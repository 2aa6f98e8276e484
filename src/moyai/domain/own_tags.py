"""moyai's own tags: settings for which AWS's API has no member.

Promise: a key with the prefix ``moyai:`` is refused unless it is one of these, on its type of resource and with a valid
value; a misspelt setting is never accepted as an ordinary tag.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from moyai.domain.connect import tuning
from moyai.domain.defaults import ProxyTopology

OWN: Final = "moyai:"
LIVE_ENDPOINTS: Final = "moyai:live-endpoints"
"""A tag of clusters: whether their running tasks can call names that were added after they started."""
PROXY: Final = "moyai:proxy"
"""A tag of clusters: whether each new task has a proxy of its own for Service Connect, or shares the host's."""
CAPACITY_PROVIDER: Final = "moyai:capacity-provider"
"""A tag of container instances: the capacity provider that they belong to."""
METRIC_NAMESPACE: Final = "moyai:metric-namespace"
"""A tag of meshes of App Mesh: the CloudWatch namespace of the metric extension's metrics."""
ON, OFF = "on", "off"

_NAMESPACE = re.compile(r"(?!AWS/|Moyai/)[A-Za-z0-9_./#-]{1,255}")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")

Fault = Callable[[str], str | None]
"""Returns the fault in a value, as the rest of a sentence; None if there is none."""


def _on_or_off(value: str) -> str | None:
    return None if value in {ON, OFF} else f"is {ON} or {OFF}, not {value!r}"


def _topology(value: str) -> str | None:
    return None if value in set(ProxyTopology) else f"is {' or '.join(ProxyTopology)}, not {value!r}"


def _name(value: str) -> str | None:
    return None if _NAME.fullmatch(value) else f"is the name of a capacity provider, not {value!r}"


def _namespace(value: str) -> str | None:
    if _NAMESPACE.fullmatch(value):
        return None
    return f"is a CloudWatch namespace of one's own (letters, digits, . - _ / #), not {value!r}"


OWN_TAGS: Mapping[str, Mapping[str, Fault]] = MappingProxyType(
    {
        "container-instance": MappingProxyType({CAPACITY_PROVIDER: _name}),
        "cluster": MappingProxyType({LIVE_ENDPOINTS: _on_or_off, PROXY: _topology}),
        "mesh": MappingProxyType({METRIC_NAMESPACE: _namespace}),
        "service": MappingProxyType({key: partial(tuning.fault, key) for key in tuning.SETTINGS}),
    }
)
"""The keys and the checks of their values, by type of resource as ARNs name it."""


def fault_in(kind: str, tags: Mapping[str, str]) -> str | None:
    """The first fault in the moyai tags of a resource; None if there is none."""
    checks = OWN_TAGS.get(kind, {})
    for key, value in tags.items():
        if not key.lower().startswith(OWN):
            continue
        if key not in checks:
            choices = f"A {kind} can have {', '.join(checks)}." if checks else f"There is none for a {kind}."
            return f"The tag {key} is no setting of moyai. {choices}"
        if (wrong := checks[key](value)) is not None:
            return f"The tag {key} {wrong}."
    return None
