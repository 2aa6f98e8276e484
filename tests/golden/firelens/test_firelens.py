"""The configuration of a log router, for each of its programs, network modes and options.

A case has the members of ``RouterConfig``; ``containers`` are their names with their options.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
import yaml

from moyai.domain.ecs.firelens import FirelensType
from moyai.domain.ecs.task_definition import NetworkMode
from moyai.plan.task.router_config import MissingPlugin, RoutedContainer, RouterConfig, router_config
from moyai.testing.golden import cases

HERE = Path(__file__).parent


def config_of(name: str) -> RouterConfig:
    case = yaml.safe_load((HERE / f"{name}.in.yaml").read_text())
    return RouterConfig(
        type=FirelensType(case["type"]),
        network_mode=NetworkMode(case["network_mode"]),
        memory=case.get("memory", 0),
        fields=case.get("fields", {}),
        included_file=case.get("included_file"),
        containers=[RoutedContainer(name, options) for name, options in case["containers"].items()],
    )


@pytest.mark.parametrize("name", cases(HERE))
def test_the_configuration_is_as_expected(name, golden):
    text = textwrap.indent(router_config(config_of(name)), "  ")
    golden.check(name, {"config": f"text: |\n{text}"})


@pytest.mark.parametrize(("kind", "option"), [(FirelensType.FLUENTBIT, "Name"), (FirelensType.FLUENTD, "@type")])
def test_options_without_a_plugin_are_an_error(kind, option):
    config = config_of("awsvpc")._replace(type=kind, containers=[RoutedContainer("app", {"region": "us-east-1"})])
    with pytest.raises(MissingPlugin, match=f"of container app to firelens config: missing output key {option} "):
        router_config(config)
