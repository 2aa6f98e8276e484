"""The project's own files as the shape tests see them: what git tracks, parsed once."""

from __future__ import annotations

import ast
import functools
import gc
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Module(NamedTuple):
    """A Python file: its path from the root, its text and its syntax tree."""

    path: str
    text: str
    tree: ast.Module


class Function(NamedTuple):
    """A function or method: where it is (``path::Class.name``), its parameters and its lines without the docstring."""

    place: str
    parameters: int
    lines: int


@functools.cache
def tracked_files() -> tuple[str, ...]:
    """Paths from the root of all that git tracks or would track, without what was deleted."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    stdout = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return tuple(sorted(path for path in set(stdout.splitlines()) if (ROOT / path).is_file()))


def modules(*folders: str) -> tuple[Module, ...]:
    """The Python files under these folders of the root."""
    return tuple(module for folder in sorted(folders) for module in _modules_of(folder))


@functools.cache
def _modules_of(folder: str) -> tuple[Module, ...]:
    paths = [path for path in tracked_files() if path.endswith(".py") and path.split("/", 1)[0] == folder]
    texts = [(path, (ROOT / path).read_text()) for path in paths]
    gc.disable()  # all of the million objects stay, and looking for garbage among them would take longer than parsing
    try:
        return tuple(Module(path, text, ast.parse(text, path)) for path, text in texts)
    finally:
        gc.freeze()
        gc.enable()


@functools.cache
def functions(module: Module) -> tuple[Function, ...]:
    """Every function of the module, nested ones as well."""
    return tuple(_functions_below(module.tree, f"{module.path}::"))


def _functions_below(node: ast.AST, prefix: str) -> Iterator[Function]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield Function(prefix + child.name, _parameters(child), _lines(child))
            yield from _functions_below(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.ClassDef):
            yield from _functions_below(child, f"{prefix}{child.name}.")
        else:
            yield from _functions_below(child, prefix)


def _parameters(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    arguments = function.args
    names = [argument.arg for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len([name for name in names if name not in {"self", "cls"}])


def _lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    # The docstring is not counted: explaining must not cost.
    first = function.body[0]
    docstring = ast.get_docstring(function, clean=False)
    words = 0 if docstring is None else (first.end_lineno or first.lineno) - first.lineno + 1
    return (function.end_lineno or function.lineno) - function.lineno + 1 - words


@functools.cache
def exceptions(rule: str) -> Mapping[str, int]:
    """The exceptions to this rule in ``exceptions.toml``: place -> limit. Each line there gives its reason."""
    listed = tomllib.loads((ROOT / "tests/shape/exceptions.toml").read_text()).get(rule, {})
    unexplained = [place for place, line in listed.items() if not line.get("reason")]
    assert not unexplained, f"exceptions.toml, [{rule}]: no reason for {unexplained}"
    return {place: line["limit"] for place, line in listed.items()}


def beyond(rule: str, measured: Mapping[str, int], limit: int) -> list[str]:
    """A sentence for each value beyond its limit, and for each exception that is no longer needed."""
    allowed_exceptions = exceptions(rule)
    large = [
        f"{place} has {size}, the limit is {allowed_exceptions.get(place, limit)}"
        for place, size in measured.items()
        if size > allowed_exceptions.get(place, limit)
    ]
    idle = [f"{place} no longer needs its exception" for place in allowed_exceptions if measured.get(place, 0) <= limit]
    return large + idle
