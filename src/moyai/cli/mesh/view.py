"""The view of the table: its order, grouping, search and scroll position, and how keys change them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

import msgspec
from msgspec.structs import replace

from moyai.cli.mesh.values import Edge

SPANS: Final = (60, 300, 900, 3600, 10_800, 43_200, 86_400)
"""The lengths of the span in seconds; + and - step through them."""
_PAGE: Final = 10


class Sort(StrEnum):
    """Orders of the rows within their group."""

    RATE = "rate"
    SUCCESS = "success"
    FAILURES = "failures"
    RETRIES = "retries"
    P99 = "p99"
    NAME = "name"


class Group(StrEnum):
    """Groupings of the rows."""

    NAMESPACE = "namespace"
    CLUSTER = "cluster"
    NONE = "none"


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A view. ``since``: the span's length in seconds. ``find``: the search text, being edited while ``typing``."""

    since: int = 300
    sort: Sort = Sort.RATE
    reverse: bool = False
    group: Group = Group.NAMESPACE
    find: str = ""
    typing: bool = False
    paused: bool = False
    help: bool = False
    offset: int = 0
    ended: bool = False


def handle_key(view: View, key: str) -> View:
    """The view after a key, which is a character or a name such as ``up``; unknown keys change nothing."""
    if view.typing:
        return _edit_search(view, key)
    change = _KEYS.get(key)
    return view if change is None else change(view)


def _edit_search(view: View, key: str) -> View:
    if key == "enter":
        return replace(view, typing=False)
    if key == "escape":
        return replace(view, typing=False, find="")
    if key == "backspace":
        return replace(view, find=view.find[:-1])
    return replace(view, find=view.find + key, offset=0) if len(key) == 1 and key.isprintable() else view


def _next_sort(view: View) -> View:
    orders = list(Sort)
    return replace(view, sort=orders[(orders.index(view.sort) + 1) % len(orders)], offset=0)


def _next_group(view: View) -> View:
    groupings = list(Group)
    return replace(view, group=groupings[(groupings.index(view.group) + 1) % len(groupings)], offset=0)


def _longer(view: View) -> View:
    return replace(view, since=next((s for s in SPANS if s > view.since), view.since))


def _shorter(view: View) -> View:
    return replace(view, since=next((s for s in reversed(SPANS) if s < view.since), view.since))


def _scroll(view: View, rows: int) -> View:
    return replace(view, offset=max(view.offset + rows, 0))


_KEYS: Final[Mapping[str, Callable[[View], View]]] = MappingProxyType(
    {
        "q": lambda v: replace(v, ended=True),
        "p": lambda v: replace(v, paused=not v.paused),
        " ": lambda v: replace(v, paused=not v.paused),
        "h": lambda v: replace(v, help=not v.help),
        "?": lambda v: replace(v, help=not v.help),
        "s": _next_sort,
        "r": lambda v: replace(v, reverse=not v.reverse),
        "g": _next_group,
        "+": _longer,
        "=": _longer,
        "-": _shorter,
        "/": lambda v: replace(v, typing=True, find="", offset=0),
        "escape": lambda v: replace(v, find="", help=False),
        "up": lambda v: _scroll(v, -1),
        "k": lambda v: _scroll(v, -1),
        "down": lambda v: _scroll(v, 1),
        "j": lambda v: _scroll(v, 1),
        "pageup": lambda v: _scroll(v, -_PAGE),
        "pagedown": lambda v: _scroll(v, _PAGE),
        "home": lambda v: replace(v, offset=0),
    }
)


def group_edges(edges: tuple[Edge, ...], view: View) -> list[tuple[str, list[Edge]]]:
    """The edges that match the search, sorted within groups. Groups are sorted by title, so that they stay in place."""
    groups: dict[str, list[Edge]] = {}
    for edge in sorted(edges, key=_ORDER[view.sort], reverse=view.reverse):
        if view.find.lower() in f"{edge.namespace} {edge.caller} {target_name(edge)}".lower():
            groups.setdefault(_group(edge, view.group), []).append(edge)
    return sorted(groups.items())


def _group(edge: Edge, group: Group) -> str:
    if group is Group.NAMESPACE:
        return edge.namespace or "(caller deleted)"
    return edge.caller.cluster if group is Group.CLUSTER else ""


def _names(edge: Edge) -> tuple[str, ...]:
    return edge.caller.cluster, edge.caller.service, target_name(edge)


def target_name(edge: Edge) -> str:
    """The target of an edge as it is shown; in App Mesh, the virtual service and the virtual node that answered."""
    return f"{edge.target} → {edge.targets[0].service}" if edge.app_mesh else edge.target


_ORDER: Final[Mapping[Sort, Callable[[Edge], tuple[object, ...]]]] = MappingProxyType(
    {
        Sort.RATE: lambda e: (-e.rate, _names(e)),
        Sort.SUCCESS: lambda e: (2.0 if e.success is None else e.success, _names(e)),
        Sort.FAILURES: lambda e: (-e.failures, _names(e)),
        Sort.RETRIES: lambda e: (-e.retries, _names(e)),
        Sort.P99: lambda e: (-(e.p99 or 0.0), _names(e)),
        Sort.NAME: _names,
    }
)
