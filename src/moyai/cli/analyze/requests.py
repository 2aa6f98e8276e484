"""The requests that documents make: of an ECS document, one; of a template or a plan, one for each resource."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple


class DocumentRequest(NamedTuple):
    """A request to AWS's API. ``resource``: its name in a template or plan, or empty. ``members`` have AWS's names.

    ``unknown``: the names, in lower case, of members whose value the document does not have, such as another
    resource's ARN, or has only in part. ``definition``: the resource that is a service's task definition, or nothing.
    """

    file: str
    resource: str
    service: str
    operation: str
    members: Mapping[str, Any]
    unknown: frozenset[str] = frozenset()
    definition: str = ""


def known_part(value: Any, is_unknown: Callable[[object], bool], unknown: set[str]) -> Any:  # noqa: ANN401 (JSON)
    """The value without nulls and without unknown parts. The names of members of which nothing remains, and of lists
    that lack an element, are added to ``unknown`` in lower case.
    """
    if isinstance(value, Mapping):
        members = {}
        for name, member in value.items():
            part = None if is_unknown(member) else known_part(member, is_unknown, unknown)
            is_lost = is_unknown(member) or (not part and isinstance(part, list | dict) and member)
            if is_lost or (isinstance(member, list | tuple) and any(map(is_unknown, member))):
                unknown.add(name.lower())
            if part is not None and not is_lost:
                members[name] = part
        return members
    if isinstance(value, list | tuple):
        return [known_part(each, is_unknown, unknown) for each in value if each is not None and not is_unknown(each)]
    return value
