"""Defers the import of large libraries until their first use, so that a control plane starts fast and, idle, is small.

Promise: inside the ``with`` block, ``import library`` makes a stand-in, which imports the library when one of its
attributes is first used, in whatever thread that is. A module that is not listed, or was imported before, is imported
as usual. ``from library import name`` uses an attribute, and so defers nothing.
Why not ``importlib.util.LazyLoader``: before Python 3.12.3, two threads that use a module first may both execute it.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from threading import Lock
from types import ModuleType
from typing import Final

from typing_extensions import override

_LIBRARIES: Final = (
    "cryptography.x509",
    "google.protobuf.internal.python_message",
    "google.protobuf.json_format",
    "httpx",
    "jmespath",
    "numpy",
    "pyroute2",
    "re2",
    "regex",
    "yaml",
)
_SERVICES: Final = (
    "acm acmpca appmesh autoscaling cloudformation cloudmap cloudwatch ec2 ecr ecs efs elbv2 eventbridge logs ram"
    " resourcetags route53 scheduler secretsmanager ssm sts"
)
"""The packages of the API gateway's services."""
_TRANSLATE: Final = "access_log agent_bootstrap bootstrap cluster endpoint front listener route secret"
_MESSAGES: Final = (
    "runtime.sim.simulated_stats",
    "telemetry.exposition.otlp_encoding",
    "telemetry.traces.otlp",
    *(f"xds.translate.{name}" for name in _TRANSLATE.split()),
)
"""The modules that import the protocol buffers of Envoy and OpenTelemetry."""
_PKI: Final = ("certificates", "external", "facts", "issue", "keys", "requests")
UNUSED_AT_REST: Final = frozenset(
    {
        *_LIBRARIES,
        *(f"moyai.api.{name}.service" for name in _SERVICES.split()),
        "moyai.app.adapters.web_socket",
        "moyai.app.image_sources",
        "moyai.reconcile.stacks",
        "moyai.stacks.types.registry",
        *(f"moyai.pki.{name}" for name in _PKI),
        *(f"moyai.{name}" for name in _MESSAGES),
    }
)
"""The modules that a control plane without tasks uses only for requests, or not at all."""


class DeferredModule(ModuleType):
    """The stand-in for a module until an attribute of it is first used."""

    is_in_place = False
    """Whether the import system has finished with the stand-in; until then it looks at attributes itself."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._lock = Lock()

    def __getattr__(self, name: str) -> object:
        """An attribute of the module, which is imported first. Raises what the import raises."""
        if not self.is_in_place:
            raise AttributeError(name)
        with self._lock:  # without it, a second thread could remove the module that the first one imports
            if sys.modules.get(self.__name__) is self:
                del sys.modules[self.__name__]
        module = import_module(self.__name__)
        value = getattr(module, name)
        if not name.startswith("__"):
            vars(self)[name] = value
        return value


class _Finder(MetaPathFinder, Loader):
    def __init__(self, names: Collection[str]) -> None:
        self._remaining = set(names)

    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in self._remaining:
            return None
        self._remaining.discard(fullname)
        return ModuleSpec(fullname, self)

    @override
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return DeferredModule(spec.name)

    @override
    def exec_module(self, module: ModuleType) -> None:
        """Executes nothing: the stand-in imports when it is used."""
        if isinstance(module, DeferredModule):
            module.is_in_place = True


@contextmanager
def imports_deferred(names: Collection[str] = UNUSED_AT_REST) -> Iterator[None]:
    """Defer the first import of each of these modules inside the ``with`` block."""
    finder = _Finder(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
