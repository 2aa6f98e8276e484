"""Converts parameters to typed requests; every input member is used or refused, never dropped.

Promise: a handler gets its request as a Struct. A member that the Struct has no field for is refused by name and with a
reason, unless its value is null, false, zero or empty. A field of the Struct that AWS's model lacks, or has of another
type, is a bug of moyai: ``Acceptor`` raises TypeError when it is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Generic, NamedTuple, TypeVar

import msgspec
from botocore import xform_name
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from msgspec import inspect
from typing_extensions import override

from moyai.api.wire.codec import Params
from moyai.api.wire.misfit import Misfit

R = TypeVar("R")
NOT_YET = "not yet"
WholeStructure = Annotated[dict[str, Any], msgspec.Meta(extra={"is_whole": True})]
"""The type of a field for a structure that moyai only records, with all of its members."""
_SHOWN_MEMBERS = 20
"""Members that are named in one answer: a request may set thousands."""
_ANY_OPERATION = "*"
_STEP = re.compile(r"\.\w+|\[[^]]*\]")


class UnsupportedMember(Misfit):
    """A request sets a member that moyai does not support."""


class UnsupportedMembers(UnsupportedMember):
    """A request sets several members that moyai does not support; its message names all, or as many as it has room."""

    def __init__(self, misfits: Sequence[Misfit]) -> None:
        super().__init__(misfits[0].reason)
        self._misfits = misfits

    @property
    @override
    def message(self) -> str:
        shown = [misfit.message for misfit in self._misfits[:_SHOWN_MEMBERS]]
        more = len(self._misfits) - len(shown)
        return " ".join([*shown, *([f"And {more} more."] if more else [])])


class Decision(NamedTuple):
    """The decision on one input member. ``status`` is works, refused or undecided."""

    operation: str
    member: str
    status: str
    reason: str = ""


class Refusals:
    """The members that a service refuses: for each ``Operation.path`` (or ``*.path``) a reason in a few words.

    A path steps through a list with ``[]`` and through a map with ``{}``: ``CreateService.loadBalancers[].elbName``.
    """

    def __init__(self, reasons: Mapping[str, str]) -> None:
        self._reasons = reasons

    def reason(self, operation: str, path: str) -> str | None:
        """The reason why the member is refused; None when it is not. The operation's own reason comes first."""
        own = self._reasons.get(f"{operation}.{path}")
        return own if own is not None else self._reasons.get(f"{_ANY_OPERATION}.{path}")

    def exact(self, operation: str, path: str) -> bool:
        """Whether the operation itself refuses the member, not only all operations."""
        return f"{operation}.{path}" in self._reasons


class _MemberTree(NamedTuple):
    """The members of a structure, or of the items of a list or map, and which of them are used."""

    members: dict[str, _Member]
    item: _MemberTree | None = None
    """For a list or a map: the tree of its items. Then ``members`` is empty."""


class _Member(NamedTuple):
    name: str
    path: str
    used: bool
    below: _MemberTree | None


class _Ancestors(NamedTuple):
    """The path of a value, and the tree of each structure that contains it."""

    path: str
    trees: Mapping[str, _MemberTree]

    def step(self, into: str) -> _Ancestors:
        return self._replace(path=self.path + into)


class Acceptor(Generic[R]):
    """Turns one operation's parameters into its typed request."""

    def __init__(self, operation: OperationModel, request: type[R], refusals: Refusals) -> None:
        self._operation = operation.name
        self._request = request
        self._refusals = refusals
        shape = operation.input_shape
        self._tree = (
            _MemberTree({}) if shape is None else self._structure(shape, inspect.type_info(request), _Ancestors("", {}))
        )

    def accept(self, params: Params) -> R:
        """The typed request. Raises UnsupportedMember, or Misfit when the Struct requires more than the model."""
        if not _is_supported(params, self._tree):  # only a request that is refused pays for the search for all reasons
            misfits = self.unsupported_members(params)
            raise misfits[0] if len(misfits) == 1 else UnsupportedMembers(misfits)
        return self.supported_part(params)

    def supported_part(self, params: Params) -> R:
        """The typed request without the members that moyai does not support. Raises Misfit."""
        try:
            return msgspec.convert(params, self._request)
        except msgspec.ValidationError as error:
            raise self._translate(str(error)) from error

    def unsupported_members(self, params: Params) -> list[Misfit]:
        """Every member that the request sets and moyai does not support, in the order of the request."""
        return list(self._unsupported_members(params, self._tree))

    def decisions(self) -> Iterator[Decision]:
        """The decision on each member, outermost first; members below an unused member are left out."""
        return self._decisions(self._tree, frozenset())

    def _decisions(self, tree: _MemberTree, seen: frozenset[int]) -> Iterator[Decision]:
        if id(tree) in seen:
            return
        while tree.item is not None:
            tree = tree.item
        for member in tree.members.values():
            reason = self._refusals.reason(self._operation, member.path)
            if member.used:
                yield Decision(self._operation, member.path, "works")
                if member.below is not None:
                    yield from self._decisions(member.below, seen | {id(tree)})
            elif reason is not None:
                yield Decision(self._operation, member.path, "refused", reason)
            else:
                yield Decision(self._operation, member.path, "undecided")

    def _unsupported_members(self, value: Any, tree: _MemberTree) -> Iterator[Misfit]:  # noqa: ANN401  parameters are of any type
        """Every member because of which ``_is_supported`` is false, in the order of the request."""
        if tree.item is not None:
            for step, item in value.items() if isinstance(value, dict) else enumerate(value):
                for misfit in self._unsupported_members(item, tree.item):
                    yield misfit.at(step) if isinstance(step, int) else misfit.under_key(step)
            return
        for key, item in value.items():
            member = tree.members[key]
            if not member.used and item:
                reason = self._refusals.reason(self._operation, member.path) or NOT_YET
                yield UnsupportedMember(f"not supported by moyai: {reason}. Leave it out.").under(member.name)
            elif member.used and member.below is not None:
                for misfit in self._unsupported_members(item, member.below):
                    yield misfit.under(member.name)

    def _translate(self, text: str) -> Misfit:
        """The error of msgspec, with the path in the caller's names (a map's key is unknown)."""
        reason, _, path = text.partition(" - at `$")
        tree: _MemberTree | None = self._tree
        steps: list[str] = []
        for step in _STEP.findall(path):
            if step.startswith("["):
                steps.append(step)
                tree = tree and tree.item
            else:
                member = tree.members.get(step[1:]) if tree else None
                steps.append(f".{member.name if member else step[1:]}")
                tree = member and member.below
        misfit = Misfit(f"{reason}.")
        for step in reversed(steps):
            misfit = misfit.within(step)
        return misfit

    def _structure(self, shape: Shape, field_type: inspect.Type, ancestors: _Ancestors) -> _MemberTree:
        if not isinstance(shape, StructureShape) or not isinstance(field_type, inspect.StructType):
            raise TypeError(f"{self._operation}: {ancestors.path or 'the request'} needs a Struct for {shape.name}")
        if shape.name in ancestors.trees:  # a shape that contains itself
            return ancestors.trees[shape.name]
        tree = _MemberTree({})
        fields = {field.encode_name: field.type for field in field_type.fields}
        for name, member in shape.members.items():
            inside = _Ancestors(f"{ancestors.path}.{name}".lstrip("."), {**ancestors.trees, shape.name: tree})
            field = fields.pop(xform_name(name), None)
            if field is not None and self._refusals.exact(self._operation, inside.path):
                raise TypeError(f"{self._operation}: {inside.path} has a field and is refused")
            below = None if field is None else self._below(member, _plain(field), inside)
            tree.members[xform_name(name)] = _Member(name, inside.path, field is not None, below)
        if fields:
            raise TypeError(
                f"{self._operation}: {shape.name} has no {', '.join(fields)} ({field_type.cls.__qualname__})"
            )
        return tree

    def _below(self, shape: Shape, field_type: inspect.Type, ancestors: _Ancestors) -> _MemberTree | None:
        match shape, field_type:
            case StructureShape(), _ if shape.is_document_type:
                return None
            case StructureShape(), inspect.Metadata(type=inspect.DictType(), extra={"is_whole": True}):
                return None
            case StructureShape(), _:
                return self._structure(shape, field_type, ancestors)
            case ListShape(), inspect.CollectionType(item_type=item):
                below = self._below(shape.member, _plain(item), ancestors.step("[]"))
            case MapShape(), inspect.DictType(value_type=item):
                below = self._below(shape.value, _plain(item), ancestors.step("{}"))
            case ((ListShape() | MapShape()), _):
                raise TypeError(f"{self._operation}: {ancestors.path} needs a {shape.type_name}, not {field_type}")
            case _:
                return None
        return None if below is None else _MemberTree({}, below)


def _is_supported(value: Any, tree: _MemberTree) -> bool:  # noqa: ANN401
    """Whether the value sets only members that are used."""
    if tree.item is not None:
        items = value.values() if isinstance(value, dict) else value
        return all(_is_supported(item, tree.item) for item in items)
    for key, item in value.items():
        member = tree.members[key]
        if not member.used:
            if item:
                return False
        elif member.below is not None and not _is_supported(item, member.below):
            return False
    return True


def _plain(field_type: inspect.Type) -> inspect.Type:
    """The type without ``| None``."""
    if isinstance(field_type, inspect.UnionType):
        alternatives = [
            alternative for alternative in field_type.types if not isinstance(alternative, inspect.NoneType)
        ]
        return alternatives[0] if len(alternatives) == 1 else inspect.AnyType()
    return field_type
