"""Time, chance, the environment and waiting have one home each; nothing happens at import."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping

import pytest

from tests.shape.tree import Module, beyond, modules

# What must not be named -> the folders or files that are its home.
BANNED_IN_SOURCE: Mapping[str, tuple[str, ...]] = {
    "asyncio.sleep": ("src/moyai/app/",),
    "datetime.datetime.now": ("src/moyai/app/",),
    "datetime.datetime.utcnow": (),
    "os.environ": ("src/moyai/cli/credentials.py",),
    "os.getenv": (),
    "random": ("src/moyai/app/", "src/moyai/testing/"),
    "time.sleep": ("src/moyai/cli/",),  # a command has its terminal to itself; nothing else may block a thread
    "time.time": ("src/moyai/app/",),
    "unittest.mock": (),
    "uuid.uuid4": ("src/moyai/app/",),
}
BANNED_IN_TESTS = ("time.sleep", "unittest.mock")

# A literal under one of these annotations can't be changed through its name: mypy sees to that.
FROZEN = ("Collection", "Final[Mapping", "Final[Sequence", "Mapping", "Sequence", "frozenset", "tuple")
MUTABLE = ast.Dict | ast.List | ast.Set | ast.DictComp | ast.ListComp | ast.SetComp


@functools.cache
def names_used(module: Module) -> tuple[tuple[str, int], ...]:
    """Every dotted name that the module takes from an import, whatever it calls it there, with its line."""
    return tuple(_names_used(module))


def _names_used(module: Module) -> Iterator[tuple[str, int]]:
    origin: dict[str, str] = {}
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            origin |= {alias.asname or alias.name.split(".")[0]: alias.name for alias in node.names}
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and (names := _dotted_name(node)):
            head, *rest = names
            yield ".".join((origin.get(head, head), *rest)), node.lineno


def _dotted_name(node: ast.expr) -> tuple[str, ...]:
    """The names of ``a.b.c``; none where it begins with something else than a name."""
    if isinstance(node, ast.Name):
        return (node.id,)
    if isinstance(node, ast.Attribute) and (above := _dotted_name(node.value)):
        return (*above, node.attr)
    return ()


def uses(module: Module, banned: str) -> list[str]:
    """Where the module names this, or something in it."""
    results = {line for name, line in names_used(module) if name == banned or name.startswith(f"{banned}.")}
    return [f"{module.path}:{line}" for line in sorted(results)]


@pytest.mark.parametrize("banned", BANNED_IN_SOURCE)
def test_banned_calls_occur_only_in_their_module(banned):
    strangers = [module for module in modules("src") if not module.path.startswith(BANNED_IN_SOURCE[banned] or ("?",))]
    assert [place for module in strangers for place in uses(module, banned)] == []


@pytest.mark.parametrize("banned", BANNED_IN_TESTS)
def test_tests_use_no_sleep_and_no_mock(banned):
    assert [place for module in modules("tests") for place in uses(module, banned)] == []


def test_every_exception_is_caught_only_at_the_top_of_a_loop():
    measured = {
        module.path: count for module in modules("src") if (count := sum(map(_catches_all, ast.walk(module.tree))))
    }
    assert beyond("catch_all", measured, 0) == []


def _catches_all(node: ast.AST) -> bool:
    if not isinstance(node, ast.ExceptHandler):
        return False
    last = node.body[-1]
    if isinstance(last, ast.Raise) and last.exc is None:
        return False  # it tidies up and lets the error go on
    caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
    return any(kind is None or ast.unparse(kind) in {"Exception", "BaseException"} for kind in caught)


def test_decoders_are_made_at_import():
    """Two threads that decode a type for the first time crash the process: docs/decisions/decoders-at-import.md."""
    assert [place for module in modules("src") for place in _typed_decodes(module)] == []


def _typed_decodes(module: Module) -> Iterator[str]:
    for call in (node for node in ast.walk(module.tree) if isinstance(node, ast.Call)):
        typed = "type" in {keyword.arg for keyword in call.keywords}
        if typed and ast.unparse(call.func).endswith(("json.decode", "msgpack.decode")):
            yield f"{module.path}:{call.lineno}"


def test_modules_do_no_work_at_import():
    assert [place for module in modules("src") for place in _work_at_import(module)] == []


def _work_at_import(module: Module) -> Iterator[str]:
    for node in module.tree.body:
        docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if isinstance(node, ast.Expr | ast.For | ast.While | ast.With | ast.Try) and not docstring:
            yield f"{module.path}:{node.lineno}"


def test_modules_hold_no_mutable_state():
    assert [place for module in modules("src") for place in _state(module)] == []


def _state(module: Module) -> Iterator[str]:
    for node in module.tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, MUTABLE) and not _is_frozen(node):
            yield f"{module.path}:{node.lineno}"
    yield from (f"{module.path}:{node.lineno}" for node in ast.walk(module.tree) if isinstance(node, ast.Global))


def _is_frozen(node: ast.Assign | ast.AnnAssign) -> bool:
    if isinstance(node, ast.AnnAssign):
        return ast.unparse(node.annotation).startswith(FROZEN)
    return ast.unparse(node.targets[0]) == "__all__"
