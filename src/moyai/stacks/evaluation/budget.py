"""How much a template may grow while it is evaluated.

Promise: a template of a few hundred bytes can't occupy the control plane: what its loops and functions result in is
counted, and refused beyond a bound.
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
"""How many characters a value counts for beside its text: about the time and memory that it takes."""
FUNCTION: Final = 128
"""How many characters the evaluation of a function counts for beside its result."""


class Budget:
    """The characters that the evaluation of one template may still produce."""

    def __init__(self) -> None:
        self._left = MAX_EVALUATED

    def spend(self, characters: int) -> None:
        """Count a result. Raises TemplateFault when nothing is left."""
        self._left -= characters
        if self._left < 0:
            raise TemplateFault(
                f"Template error: the loops and functions of the template result in more than {MAX_EVALUATED} "
                "characters"
            )

    def count(self, result: Expression) -> Expression:
        """Spend what a result is, and return it. Raises TemplateFault when nothing is left."""
        for each in walk(result):
            self.spend(NODE + (len(each) if isinstance(each, str) else 0))
        return result


def check_length(characters: int) -> None:
    """Raise TemplateFault for a text that is too long."""
    if characters > MAX_TEXT:
        raise TemplateFault(f"Template error: a function results in a text of more than {MAX_TEXT} characters")
