"""The configuration of a log router, in the form that Fluent Bit or Fluentd reads.

Promise: pure, and what Amazon ECS's agent generates: inputs (a Unix socket, and in the network modes bridge and awsvpc
a port for containers that speak the forward protocol themselves), filters, the fields that say which task a record
comes from, the user's own file, and then the output of each container. Options are in the order of their names.
Source: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/firelens-taskdef.html, and
https://github.com/aws/amazon-ecs-agent/blob/master/agent/taskresource/firelens/firelensconfig_unix.go
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from moyai.domain.ecs.firelens import EXCLUDE_OPTION, INCLUDE_OPTION, ROUTER_DIRECTORY, FirelensType
from moyai.domain.ecs.task_definition import NetworkMode

SOCKET: Final = "fluent.sock"
"""The name of the router's socket in its directory."""
PORT: Final = 24224
_PATH = f"{ROUTER_DIRECTORY}/{SOCKET}"
_LISTEN_ADDRESSES: Mapping[NetworkMode, str] = MappingProxyType(
    {NetworkMode.AWSVPC: "127.0.0.1", NetworkMode.BRIDGE: "0.0.0.0"}  # noqa: S104 - in the task's own network
)
_HEALTH_TAG = "firelens-healthcheck"
_HEALTH_PORT = 8877
_DEFAULT_BUFFER_MB = 25
_PLUGIN_OPTIONS: Mapping[FirelensType, str] = MappingProxyType(
    {FirelensType.FLUENTD: "@type", FirelensType.FLUENTBIT: "Name"}
)
"""The option that names the output plugin."""


class MissingPlugin(ValueError):
    """The options of a container name no output plugin; the text is the agent's."""


class RoutedContainer(NamedTuple):
    """A container whose output the router gets, and the options for it."""

    name: str
    options: Mapping[str, str]


class RouterConfig(NamedTuple):
    """The inputs of a router's configuration. ``memory``: the router's limit in MiB, 0 = none; ``fields``: added to
    each record; ``included_file``: a file in the router's container.
    """

    type: FirelensType
    network_mode: NetworkMode
    memory: int
    fields: Mapping[str, str]
    included_file: str | None
    containers: Sequence[RoutedContainer]


class _Output(NamedTuple):
    """A container's output: the plugin (None if the included file has it), its options, and the filters."""

    tag: str
    plugin: str | None
    options: Mapping[str, str]
    include: str | None
    exclude: str | None


def router_config(config: RouterConfig) -> str:
    """The text of the configuration. Raises MissingPlugin."""
    outputs = [_output(config.type, container) for container in config.containers]
    sections = _fluentd(config, outputs) if config.type is FirelensType.FLUENTD else _fluent_bit(config, outputs)
    return "\n".join(sections)


def _output(kind: FirelensType, container: RoutedContainer) -> _Output:
    options = dict(container.options)
    include, exclude = options.pop(INCLUDE_OPTION, None), options.pop(EXCLUDE_OPTION, None)
    plugin_option = _PLUGIN_OPTIONS[kind]
    plugin = options.pop(plugin_option, None)
    if plugin is None and options:
        raise MissingPlugin(
            f"unable to apply log options of container {container.name} to firelens config: missing output key"
            f" {plugin_option} which is required for firelens configuration of type {kind}"
        )
    wildcard = "**" if kind is FirelensType.FLUENTD else "*"
    return _Output(f"{container.name}-firelens{wildcard}", plugin, options, include, exclude)


def _patterns(outputs: Sequence[_Output]) -> Iterator[tuple[str, str, bool]]:
    """The patterns of lines that are included, and then those that are excluded, each with its tag."""
    yield from ((output.tag, output.include, True) for output in outputs if output.include is not None)
    yield from ((output.tag, output.exclude, False) for output in outputs if output.exclude is not None)


def _fluent_bit(config: RouterConfig, outputs: Sequence[_Output]) -> Iterator[str]:
    address = _LISTEN_ADDRESSES.get(config.network_mode)
    buffer = f"{config.memory // 2 or _DEFAULT_BUFFER_MB}MB"
    yield _section("INPUT", {"Name": "forward", "Mem_Buf_Limit": buffer, "unix_path": _PATH})
    if address is not None:
        yield _section("INPUT", {"Name": "forward", "Listen": address, "Port": str(PORT)})
        health = {"Name": "tcp", "Tag": _HEALTH_TAG, "Listen": "127.0.0.1", "Port": str(_HEALTH_PORT)}
        yield _section("INPUT", health)
    for tag, pattern, is_included in _patterns(outputs):
        rule = "Regex" if is_included else "Exclude"
        yield _section("FILTER", {"Name": "grep", "Match": tag, rule: f"log {pattern}"})
    if config.fields:
        records = (f"    Record {name} {value}\n" for name, value in sorted(config.fields.items()))
        yield _section("FILTER", {"Name": "record_modifier", "Match": "*"}) + "".join(records)
    if config.included_file is not None:
        yield f"@INCLUDE {config.included_file}\n"
    if address is not None:
        yield _section("OUTPUT", {"Name": "null", "Match": _HEALTH_TAG})
    for output in outputs:
        if output.plugin is not None:
            head = {"Name": output.plugin, "Match": output.tag}
            yield _section("OUTPUT", head | dict(sorted(output.options.items())))


def _section(kind: str, entries: Mapping[str, str]) -> str:
    """A section of Fluent Bit's classic format."""
    return f"[{kind}]\n" + "".join(f"    {name} {value}\n" for name, value in entries.items())


def _fluentd(config: RouterConfig, outputs: Sequence[_Output]) -> Iterator[str]:
    address = _LISTEN_ADDRESSES.get(config.network_mode)
    yield _directive("source", "", {"@type": "unix", "path": _PATH})
    if address is not None:
        yield _directive("source", "", {"@type": "forward", "bind": address, "port": str(PORT)})
    for tag, pattern, is_included in _patterns(outputs):
        rule = _directive("regexp" if is_included else "exclude", "", {"key": "log", "pattern": pattern})
        yield _directive("filter", tag, {"@type": "grep"}, rule)
    if config.fields:
        record = _directive("record", "", dict(sorted(config.fields.items())))
        yield _directive("filter", "**", {"@type": "record_transformer"}, record)
    if config.included_file is not None:
        yield f"@include {config.included_file}\n"
    for output in outputs:
        if output.plugin is not None:
            entries = {"@type": output.plugin} | dict(sorted(output.options.items()))
            yield _directive("match", output.tag, entries)


def _directive(name: str, argument: str, entries: Mapping[str, str], inner: str = "") -> str:
    """A directive of Fluentd's configuration, with one more in it."""
    lines = [*(f"{key} {value}" for key, value in entries.items()), *inner.splitlines()]
    head = f"<{name} {argument}>" if argument else f"<{name}>"
    return f"{head}\n" + "".join(f"    {line}\n" for line in lines) + f"</{name}>\n"
