"""Modules whose import waits for their first use."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.util import find_spec
from textwrap import dedent
from threading import Barrier

import pytest

from moyai.app.deferred_imports import UNUSED_AT_REST, imports_deferred

THREADS = 8


@pytest.fixture
def library(tmp_path, monkeypatch):
    """The name of a module of its own; each execution of it adds an element to its ``executions``."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "counted_library.py").write_text(
        "import time\nimport executions\nexecutions.all.append(1)\ntime.sleep(0.01)\nvalue = 7\n"
    )
    (tmp_path / "executions.py").write_text("all = []\n")
    yield "counted_library"
    for name in ("counted_library", "executions"):
        sys.modules.pop(name, None)


def executions():
    """How often the library was executed."""
    return len(import_module("executions").all)


def test_a_deferred_module_is_imported_by_its_first_use(library):
    with imports_deferred({library}):
        module = import_module(library)
    assert executions() == 0
    assert [module.value, module.value] == [7, 7]
    assert executions() == 1
    assert import_module(library).value == 7


def test_threads_that_use_it_first_execute_it_once(library):
    with imports_deferred({library}):
        module = import_module(library)
    start = Barrier(THREADS)

    def use():
        start.wait()
        return module.value

    with ThreadPoolExecutor(THREADS) as pool:
        assert [f.result() for f in [pool.submit(use) for _ in range(THREADS)]] == [7] * THREADS
    assert executions() == 1


def test_a_name_that_it_lacks_is_an_attribute_error(library):
    with imports_deferred({library}):
        module = import_module(library)
    with pytest.raises(AttributeError, match="nothing"):
        module.nothing  # noqa: B018


def test_every_listed_module_exists():
    assert [name for name in sorted(UNUSED_AT_REST) if find_spec(name) is None] == []


def test_a_control_plane_at_rest_has_imported_none_of_them():
    program = dedent("""
        import sys
        from moyai.app.deferred_imports import UNUSED_AT_REST, DeferredModule, imports_deferred
        with imports_deferred():
            import moyai.app.main
        print(*(n for n in UNUSED_AT_REST if not isinstance(sys.modules.get(n), DeferredModule | None)))
    """)
    assert subprocess.check_output([sys.executable, "-c", program], text=True).split() == []
