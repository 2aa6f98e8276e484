"""A container definition as options of `docker create`, as the ECS agent translates it.

Promise: every member that a definition of these tests has is translated, or this fails.
Source: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any


def create_arguments(image: str, container: Mapping[str, Any]) -> list[str]:
    """The arguments of `docker create`: options, image, command."""
    members = dict(container)
    entry_point, command = members.pop("entryPoint", []), members.pop("command", [])
    members.pop("stopTimeout", None)  # of `docker stop`
    options = [option for name, value in members.items() for option in _OPTIONS[name](value)]
    entry_option = [f"--entrypoint={entry_point[0]}"] if entry_point else []
    return [*options, *entry_option, image, *entry_point[1:], *command]


def _linux_parameters(parameters: Mapping[str, Any]) -> Iterator[str]:
    members = dict(parameters)
    if members.pop("initProcessEnabled", False):
        yield "--init"
    if "sharedMemorySize" in members:
        yield f"--shm-size={members.pop('sharedMemorySize')}m"
    for tmpfs in members.pop("tmpfs", ()):
        values = ",".join([*tmpfs.get("mountOptions", ()), f"size={tmpfs['size']}m"])
        yield f"--tmpfs={tmpfs['containerPath']}:{values}"
    for action, names in members.pop("capabilities", {}).items():
        yield from (f"--cap-{action}={name}" for name in names)
    assert not members, members


_OPTIONS: Mapping[str, Callable[[Any], Iterator[str] | list[str]]] = {
    "user": lambda value: [f"--user={value}"],
    "workingDirectory": lambda value: [f"--workdir={value}"],
    "environment": lambda value: [f"--env={pair['name']}={pair['value']}" for pair in value],
    "hostname": lambda value: [f"--hostname={value}"],
    "extraHosts": lambda value: [f"--add-host={entry['hostname']}:{entry['ipAddress']}" for entry in value],
    "dockerSecurityOptions": lambda value: [f"--security-opt={option}" for option in value],
    "interactive": lambda value: ["--interactive"] if value else [],
    "pseudoTerminal": lambda value: ["--tty"] if value else [],
    "readonlyRootFilesystem": lambda value: ["--read-only"] if value else [],
    "memory": lambda value: [f"--memory={value}m"],
    "systemControls": lambda value: [f"--sysctl={control['namespace']}={control['value']}" for control in value],
    "ulimits": lambda value: [f"--ulimit={limit['name']}={limit['softLimit']}:{limit['hardLimit']}" for limit in value],
    "linuxParameters": _linux_parameters,
}
