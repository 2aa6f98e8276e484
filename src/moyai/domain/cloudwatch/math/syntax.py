"""An expression as a tree.

Promise: a row of operators of one strength is one node, however long it is, so that the depth of a tree is that of its
parentheses.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias


class Number(NamedTuple):
    """``0.5``."""

    value: float


class Text(NamedTuple):
    """``'{AWS/ECS,ClusterName} MetricName="CPUUtilization"'``."""

    text: str


class Name(NamedTuple):
    """``m1``, or a word that a function takes: ``REPEAT``."""

    name: str


class Array(NamedTuple):
    """``[m1, m2]``."""

    items: tuple[Node, ...]


class Negative(NamedTuple):
    """``-m1``."""

    of: Node


class Chain(NamedTuple):
    """``m1 - m2 + 3``: from left to right, each sign with what stands at its right."""

    first: Node
    rest: tuple[tuple[str, Node], ...]


class Call(NamedTuple):
    """``FILL(m1, 0)``."""

    function: str
    arguments: tuple[Node, ...]


Node: TypeAlias = Number | Text | Name | Array | Negative | Chain | Call
