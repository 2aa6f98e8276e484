"""Golden tests: a case is a file ``<name>.in.yaml`` with its expected outputs ``<name>.<part>.yaml`` beside it.

Promise: a new case is a new file. A mismatch shows the difference and the command that rewrites the expected outputs,
which also removes those that no case has any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import unified_diff
from pathlib import Path

_INPUT = ".in.yaml"
_COMMAND = "make golden"


class Golden:
    """The cases of one folder. With ``update`` the expected outputs are written instead of compared."""

    def __init__(self, folder: Path, *, update: bool) -> None:
        self._folder = folder
        self._update = update

    def check(self, name: str, texts: Mapping[str, str]) -> None:
        """Compare a case's outputs, by part, with the expected ones. Raises AssertionError when they differ."""
        outputs = {self._folder / f"{name}.{part}.yaml": text for part, text in texts.items()}
        files = {*outputs, self._folder / f"{name}{_INPUT}"}
        self._remove([path for path in self._folder.glob(f"{name}.*.yaml") if path not in files])
        for path, text in outputs.items():
            if self._update:
                path.write_text(text)
            else:
                _compare(path, text)

    def check_orphans(self, names: list[str]) -> None:
        """Raise AssertionError when there are expected outputs of cases that do not exist."""
        outputs = (path for path in self._folder.glob("*.yaml") if not path.name.endswith(_INPUT))
        self._remove([path for path in outputs if path.name.split(".")[0] not in names])

    def _remove(self, orphans: list[Path]) -> None:
        if self._update:
            for path in orphans:
                path.unlink()
        elif orphans:
            names = ", ".join(sorted(path.name for path in orphans))
            raise AssertionError(f"no case has {names}; `{_COMMAND}` removes them")


def cases(folder: Path) -> list[str]:
    """The names of all cases in a folder."""
    return sorted(path.name.removesuffix(_INPUT) for path in folder.glob(f"*{_INPUT}"))


def _compare(path: Path, text: str) -> None:
    expected_text = path.read_text() if path.exists() else ""
    if text == expected_text:
        return
    lines = unified_diff(expected_text.splitlines(), text.splitlines(), path.name, "found", lineterm="")
    raise AssertionError("\n".join([*lines, f"If this is as it should be, run `{_COMMAND}` and read the diff."]))
