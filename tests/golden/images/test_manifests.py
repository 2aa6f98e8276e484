"""A case is a manifest or an index, and maybe a configuration, as a registry sends them; the output is what is read."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
import yaml

from moyai.images.errors import PullFailed
from moyai.images.manifest import parse_config, parse_manifest, select_manifest
from moyai.images.model import Index, Platform
from moyai.testing.golden import cases

HERE = Path(__file__).parent


def read_image(case):
    """The image that the documents of a case describe, or the reason why they are refused."""
    platform = Platform(*case.get("platform", "linux/amd64").split("/"))
    try:
        manifest = parse_manifest(document(case["manifest"]), case.get("mediaType"))
        if isinstance(manifest, Index):
            return {"index": manifest, "chosen": select_manifest(manifest, platform)}
        if "config" not in case:
            return {"manifest": manifest}
        return {"manifest": manifest, "config": parse_config(document(case["config"]), manifest)}
    except PullFailed as error:
        return {type(error).__name__: str(error)}


def document(content):
    return content.encode() if isinstance(content, str) else json.dumps(content).encode()


@pytest.mark.parametrize("name", cases(HERE))
def test_manifests(name, golden):
    case = yaml.safe_load((HERE / f"{name}.in.yaml").read_text())
    text = yaml.safe_dump(msgspec.to_builtins(read_image(case)), sort_keys=False, width=120)
    golden.check(name, {"image": text})
