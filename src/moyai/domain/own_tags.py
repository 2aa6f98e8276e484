"""Tags of moyai's own: settings for which AWS's API has no member.

Promise: every key that begins with ``moyai:`` is one of these, on the kind of resource it is for and with a value it
can have, or it is refused; a misspelt setting never passes as a tag that means nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Final

from moyai.domain.connect import tuning

OWN: Final = "moyai:"
LIVE_ENDPOINTS: Final = "moyai:live-endpoints"
"""Of a cluster: whether its running tasks see names that came after them."""
CAPACITY_PROVIDER: Final = "moyai:capacity-provider"
"""Of a container instance: the capacity provider that it is of."""
METRIC_NAMESPACE: Final = "moyai:metric-namespace"
"""Of an App Mesh mesh: the CloudWatch namespace of the metric extension's figures."""
ON, OFF = "on", "off"

_NAMESPACE = re.compile(r"(?!AWS/|Moyai/)[A-Za-z0-9_./#-]{1,255}")
_NAME = re.compile(r"[A-Za-z0-9_-]{1,255}")

Fault = Callable[[str], str | None]
"""What is wrong with a value; None when nothing is."""


def _on_or_off(value: str) -> str | None:
    return None if value in {ON, OFF} else f"is {ON} or {OFF}, not {value!r}"


def _name(value: str) -> str | None:
    return None if _NAME.fullmatch(value) else f"is the name of a capacity provider, not {value!r}"


def _namespace(value: str) -> str | None:
    if _NAMESPACE.fullmatch(value):
        return None
    return f"is a CloudWatch namespace of one's own (letters, digits, . - _ / #), not {value!r}"


OWN_TAGS: Mapping[str, Mapping[str, Fault]] = MappingProxyType(
    {
        "container-instance": MappingProxyType({CAPACITY_PROVIDER: _name}),
        "cluster": MappingProxyType({LIVE_ENDPOINTS: _on_or_off}),
        "mesh": MappingProxyType({METRIC_NAMESPACE: _namespace}),
        "service": MappingProxyType({key: partial(tuning.fault, key) for key in tuning.SETTINGS}),
    }
)
"""By kind of resource, as its ARN names it: each key and what its values must be."""


def fault_in(kind: str, tags: Mapping[str, str]) -> str | None:
    """What is wrong with the first of a resource's own tags that is wrong; None when all are right."""
    known = OWN_TAGS.get(kind, {})
    for key, value in tags.items():
        if not key.lower().startswith(OWN):
            continue
        if key not in known:
            there = f"A {kind} can have {', '.join(known)}." if known else f"There is none for a {kind}."
            return f"The tag {key} is no setting of moyai. {there}"
        if (wrong := known[key](value)) is not None:
            return f"The tag {key} {wrong}."
    return None
