"""The options that say where images are pulled from."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from moyai.app.config import ENGINES
from moyai.cli.image_options import image_settings, registry_settings

DOCKER = Path("/docker")


def test_options_become_settings():
    settings = image_settings(registry_settings(["docker.io=https://m.test/"], ["10.0.0.5:5000"], DOCKER), "auto")
    registries = settings.registries
    assert registries.mirrors == {"docker.io": ("https://m.test",)}
    assert registries.insecure == {"10.0.0.5:5000"}
    assert registries.docker_config == Path("/docker/config.json")
    assert settings.engines == ENGINES


@pytest.mark.parametrize(
    ("engine", "engines"),
    [("none", ()), ("/run/e.sock", (Path("/run/e.sock"),)), ("unix:///run/e.sock", (Path("/run/e.sock"),))],
)
def test_an_engine_is_a_socket_or_none(engine, engines):
    assert image_settings(registry_settings([], [], DOCKER), engine).engines == engines


@pytest.mark.parametrize(
    ("mirror", "insecure", "engine"),
    [(["docker.io"], [], "auto"), ([], ["http://10.0.0.5"], "auto"), ([], [], "tcp://10.0.0.5:2375"), ([], [], "")],
)
def test_a_wrong_option_is_refused_with_an_example(mirror, insecure, engine):
    with pytest.raises(typer.BadParameter):
        image_settings(registry_settings(mirror, insecure, DOCKER), engine)
