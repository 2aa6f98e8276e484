"""Limits on the growth of a template while it is evaluated.

Promise: a template of a few hundred bytes can't occupy the control plane, because the results of its loops and
functions are counted, and refused beyond a limit.
Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
"""

from __future__ import annotations

from typing import Final

from moyai.domain.cloudformation.errors import TemplateFault
from moyai.stacks.template.expressions import Expression, walk

MAX_EVALUATED: Final = 4_194_304
"""Characters of all results together, with those of nested functions: four times CloudFormation's largest template."""
MAX_TEXT: Final = 262_144
"""Characters of one text: four times the largest input that a service of moyai takes, a task definition of 64 KiB."""
MAX_ELEMENTS: Final = 10_000
"""Elements of one list that Fn::Split makes."""
NODE: Final = 32
"""Characters that each value counts for in addition to its text, about as many as its time and memory are worth."""
FUNCTION: Final = 128
"""Characters that the evaluation of a function counts for in addition to its result."""


class Budget:
    """The characters that the evaluation of one template may still produce."""

    def __init__(self) -> None:
        self._left = MAX_EVALUATED

    def spend(self, characters: int) -> None:
        """Subtract characters. Raises TemplateFault when there are fewer left."""
        self._left -= characters
        if self._left < 0:
            raise TemplateFault(
                f"Template error: the loops and functions of the template result in more than {MAX_EVALUATED} "
                "characters"
            )

    def count(self, result: Expression) -> Expression:
        """Subtract the size of a result, and return the result. Raises TemplateFault when fewer characters are left."""
        for each in walk(result):
            self.spend(NODE + (len(each) if isinstance(each, str) else 0))
        return result


def check_length(characters: int) -> None:
    """Raise TemplateFault for a text of more than MAX_TEXT characters."""
    if characters > MAX_TEXT:
        raise TemplateFault(f"Template error: a function results in a text of more than {MAX_TEXT} characters")
