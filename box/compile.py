"""Compiles what moyai imports, once for all starts of the container, and nothing else: the rest would double the image.

A compiled file is used without a look at its source's date, which the layers of an image may change. Of Envoy's API,
which is a module for each group of messages, the rest is removed.
"""

from __future__ import annotations

import importlib
import pkgutil
import py_compile
import sys
from pathlib import Path

import envoy

import moyai

for module in pkgutil.walk_packages(moyai.__path__, "moyai."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
files = {getattr(module, "__file__", None) or "" for module in sys.modules.values()}
for file in sorted(files):
    if file.startswith((sys.prefix, f"{sys.base_prefix}/lib/")) and file.endswith(".py"):
        py_compile.compile(file, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)

for file in Path(envoy.__path__[0]).rglob("*_pb2*.py"):
    if str(file) not in files:
        file.unlink()
