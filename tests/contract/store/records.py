"""Records of every kind, as hypothesis draws them from their own types, and changes made of them."""

from __future__ import annotations

from functools import cache, reduce
from operator import or_
from typing import Any

from hypothesis import strategies as st
from msgspec import inspect as shapes

from moyai.domain.ecs.cluster import Cluster
from moyai.domain.record import StoredRecord
from moyai.domain.world import TABLES, Change, Delete, Put, World, table_name
from moyai.kernel.clock import Instant
from moyai.kernel.ids import ClusterArn
from moyai.kernel.secret import Secret

SCALARS: dict[type[shapes.Type], st.SearchStrategy[Any]] = {
    shapes.StrType: st.text(max_size=4),
    shapes.IntType: st.integers(-(2**31), 2**31),
    shapes.FloatType: st.floats(0, 2**40),
    shapes.BoolType: st.booleans(),
    shapes.NoneType: st.none(),
    shapes.AnyType: st.one_of(st.none(), st.booleans(), st.integers(0, 9), st.lists(st.text(max_size=2), max_size=2)),
    shapes.CustomType: st.text(max_size=4).map(Secret),
}


def cluster(name: str, **members: Any) -> Cluster:
    arn = ClusterArn(f"arn:aws:ecs:us-east-1:123456789012:cluster/{name}")
    return Cluster(arn=arn, name=name, created_at=Instant(1.5), **members)


def arns() -> st.SearchStrategy[str]:
    # Few of them, so that records meet each other under one key.
    return st.sampled_from("abc").map(lambda name: f"arn:aws:any:us-east-1:123456789012:thing/{name}")


def values_of(shape: shapes.Type) -> st.SearchStrategy[Any]:
    """Values of this shape."""
    match shape:
        case shapes.StructType():
            members = {field.name: values_of(field.type) for field in shape.fields}
            if "arn" in members:
                members["arn"] = arns()
            return st.builds(shape.cls, **members)
        case shapes.EnumType():
            return st.sampled_from(list(shape.cls))
        case shapes.TupleType() | shapes.VarTupleType():
            return tuples_of(shape)
        case shapes.DictType():
            return st.dictionaries(values_of(shape.key_type), values_of(shape.value_type), max_size=2)
        case shapes.UnionType():
            return st.one_of(*map(values_of, shape.types))
        case _:
            return SCALARS[type(shape)]


def tuples_of(shape: shapes.TupleType | shapes.VarTupleType) -> st.SearchStrategy[tuple[Any, ...]]:
    """Tuples of this shape."""
    if isinstance(shape, shapes.TupleType):
        return st.tuples(*map(values_of, shape.item_types))
    return st.lists(values_of(shape.item_type), max_size=2).map(tuple)


@cache
def records() -> st.SearchStrategy[StoredRecord]:
    """Records of every kind there is; made once, since there are many kinds."""
    return values_of(shapes.type_info(reduce(or_, TABLES)))


KINDS = tuple(TABLES)


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """A change that often meets an earlier one."""
    record = draw(records())
    return Put(record) if draw(st.booleans()) else Delete(type(record), record.key)


def everything(world: World) -> dict[str, list[StoredRecord]]:
    """The world as a value: every table's records in their order."""
    records: dict[str, list[StoredRecord]] = {}
    for record in world.records():
        records.setdefault(table_name(type(record)), []).append(record)
    return records
