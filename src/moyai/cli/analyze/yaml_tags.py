"""YAML with CloudFormation's short functions (``!Ref``), each read as its long form would be."""

from __future__ import annotations

from typing import Any

import yaml


def load_yaml(raw: bytes) -> object:
    """The document. Raises ValueError for malformed YAML."""

    class FunctionLoader(yaml.SafeLoader):
        """PyYAML's safe loader with CloudFormation's functions. PyYAML keeps in the class what a loader knows."""

    FunctionLoader.add_multi_constructor("!", _function)
    try:
        return yaml.load(raw, FunctionLoader)  # noqa: S506 (a safe loader)
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(str(error)) from error


def _function(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        assert isinstance(node, yaml.MappingNode)  # noqa: S101 (the three kinds of YAML's nodes)
        value = loader.construct_mapping(node, deep=True)
    return {name: value}
