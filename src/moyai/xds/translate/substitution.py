"""The substitution of a whole text, as Envoy has it."""

from __future__ import annotations

from envoy.type.matcher.v3 import regex_pb2

from moyai.mesh.ir import Substitution


def substitution(change: Substitution) -> regex_pb2.RegexMatchAndSubstitute:
    """The substitution. Envoy replaces every match of a pattern, so it is bound to the ends of the text."""
    pattern = regex_pb2.RegexMatcher(regex=f"^(?:{change.pattern})$")
    return regex_pb2.RegexMatchAndSubstitute(pattern=pattern, substitution=change.replacement)
