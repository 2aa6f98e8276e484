"""Cases as files: ``<name>.in.yaml`` beside what is expected of it, ``<name>.<part>.yaml``.

Promise: a new case is a new file. A mismatch shows the difference and the command that writes the
expectations anew; that command also removes expectations that nothing asks for any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from difflib import unified_diff
from pathlib import Path

_INPUT = ".in.yaml"
_COMMAND = "make golden"


class Golden:
    """The cases of one folder. With ``update`` expectations are written instead of compared."""

    def __init__(self, folder: Path, *, update: bool) -> None:
        self._folder = folder
        self._update = update

    def check(self, name: str, found: Mapping[str, str]) -> None:
        """Compare what was found for a case, by part, with what is expected; AssertionError when it differs."""
        expected = {self._folder / f"{name}.{part}.yaml": text for part, text in found.items()}
        kept = {*expected, self._folder / f"{name}{_INPUT}"}
        self._remove([path for path in self._folder.glob(f"{name}.*.yaml") if path not in kept])
        for path, text in expected.items():
            if self._update:
                path.write_text(text)
            else:
                _compare(path, text)

    def check_orphans(self, names: list[str]) -> None:
        """Expectations of cases that aren't there; AssertionError when there are any."""
        outputs = (path for path in self._folder.glob("*.yaml") if not path.name.endswith(_INPUT))
        self._remove([path for path in outputs if path.name.split(".")[0] not in names])

    def _remove(self, orphans: list[Path]) -> None:
        if self._update:
            for path in orphans:
                path.unlink()
        elif orphans:
            listed = ", ".join(sorted(path.name for path in orphans))
            raise AssertionError(f"nothing asks for {listed}; `{_COMMAND}` removes them")


def cases(folder: Path) -> list[str]:
    """The names of all cases in a folder."""
    return sorted(path.name.removesuffix(_INPUT) for path in folder.glob(f"*{_INPUT}"))


def _compare(path: Path, found: str) -> None:
    expected = path.read_text() if path.exists() else ""
    if found == expected:
        return
    lines = unified_diff(expected.splitlines(), found.splitlines(), path.name, "found", lineterm="")
    raise AssertionError("\n".join([*lines, f"If this is as it should be, run `{_COMMAND}` and read the diff."]))
