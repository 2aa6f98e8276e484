"""Names of load balancers and target groups.

Source: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
"""

from __future__ import annotations

import re
from typing import Final

from moyai.kernel.errors import InvalidInput

_LONGEST: Final = 32
_NAME: Final = re.compile(r"[A-Za-z0-9-]+", re.ASCII)


def check_name(noun: str, name: str) -> None:
    """Raises InvalidInput unless the name has 1 to 32 letters, digits and hyphens, with no hyphen at an end."""
    if not _NAME.fullmatch(name):
        raise InvalidInput(
            f"The {noun} name '{name[:100]}' can only contain characters that are alphanumeric characters or hyphens(-)"
        )
    if len(name) > _LONGEST:
        raise InvalidInput(f"The {noun} name '{name[:100]}' cannot be longer than '{_LONGEST}' characters")
    if name.startswith("-") or name.endswith("-"):
        raise InvalidInput(f"The {noun} name '{name}' cannot begin or end with a hyphen(-)")
