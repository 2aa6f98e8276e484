"""Modules whose import waits for their first use."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from textwrap import dedent
from threading import Barrier

import pytest

import moyai.api
from moyai.app.deferred_imports import UNUSED_AT_REST, imports_deferred

THREADS = 8
HEAVY = {
    "dns.resolver",
    "envoy.config.route.v3.route_pb2",
    "google.protobuf.text_format",
    "moyai.images.registry.client",
    "moyai.stacks.progress.plan",
    "requests",
    "rich",
    "websockets",
}
"""Modules that take long to import, and that nothing needs before the first request, query or task."""


@pytest.fixture
def library(tmp_path, monkeypatch):
    """The name of a module of its own; each execution of it adds an element to its ``executions``."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "counted_library.py").write_text(
        "import executions\nexecutions.all.append(1)\nexecutions.may_end.wait()\nvalue = 7\n"
    )
    (tmp_path / "executions.py").write_text("from threading import Event\nall = []\nmay_end = Event()\nmay_end.set()\n")
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
    may_end, start = import_module("executions").may_end, Barrier(THREADS + 1)
    may_end.clear()

    def use():
        start.wait()
        return module.value

    with ThreadPoolExecutor(THREADS) as pool:
        values = [pool.submit(use) for _ in range(THREADS)]
        start.wait()
        may_end.set()
        assert [value.result() for value in values] == [7] * THREADS
    assert executions() == 1


def test_a_name_that_it_lacks_is_an_attribute_error(library):
    with imports_deferred({library}):
        module = import_module(library)
    with pytest.raises(AttributeError, match="nothing"):
        module.nothing  # noqa: B018


def test_every_listed_module_exists():
    assert [name for name in sorted(UNUSED_AT_REST) if find_spec(name) is None] == []


def test_every_service_of_the_api_is_listed():
    (folder,) = moyai.api.__path__
    services = {f"moyai.api.{module.parent.name}.service" for module in Path(folder).glob("*/service.py")}
    assert services == {name for name in UNUSED_AT_REST if name.startswith("moyai.api.")}


def test_a_control_plane_at_rest_has_imported_none_of_them():
    assert imported_at_rest() & (UNUSED_AT_REST | HEAVY) == set()


def imported_at_rest():
    """The modules that a control plane has imported when it begins to serve."""
    program = dedent("""
        import sys
        from moyai.app.deferred_imports import DeferredModule, imports_deferred
        with imports_deferred():
            import moyai.app.main
        print(*(name for name, module in sys.modules.items() if not isinstance(module, DeferredModule)))
    """)
    return set(subprocess.check_output([sys.executable, "-c", program], text=True).split())
