"""``moyai box``: run moyai in one container of Docker or Podman, on any system that has one of them."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Annotated, Any, Final

import typer

from moyai.cli.box.container_options import (
    API_PORT,
    DEFAULT_HTTP_PORT,
    DEFAULT_HTTPS_PORT,
    DEFAULT_TASK_PORTS,
    STATE,
    BoxOptions,
    command_line,
    run_arguments,
)
from moyai.cli.box.engine import BoxError, Engine, find_engine
from moyai.cli.options import STATE as DEFAULT_STATE
from moyai.cli.options import Json, State, port_range

_NAME: Final = "moyai"
_START_SECONDS: Final = 120.0
_STOP_SECONDS: Final = 60
"""Seconds that tasks have to end after SIGTERM, before the engine kills the container."""
_POLL: Final = 0.1
_LOG_LINES: Final = 15

Name = Annotated[str, typer.Option(help="Name of the container.")]
EngineName = Annotated[
    str | None, typer.Option("--engine", help="docker or podman; by default the first of them that can run moyai.")
]
Image = Annotated[
    str | None, typer.Option(help="Image of moyai; by default the one that `make box` builds, of this version.")
]
ApiPort = Annotated[int, typer.Option(help="Port of the API on this machine's loopback.", min=1, max=65535)]
TaskPorts = Annotated[
    str,
    typer.Option(help='FIRST-LAST: ports of the loopback for tasks with public addresses, one each; "" for none.'),
]
HttpPort = Annotated[
    int,
    typer.Option(help="Port at which services answer as SERVICE.CLUSTER.localhost; 0 for none.", min=0, max=65535),
]
HttpsPort = Annotated[
    int,
    typer.Option(
        help="Port at which HTTPS listeners answer, by the names of their certificates; 0 for none.", min=0, max=65535
    ),
]
Volume = Annotated[str, typer.Option(help="Volume for the state, which outlives the container.")]
Privileged = Annotated[
    bool,
    typer.Option(
        "--privileged/--no-privileged",
        help="Run it with --privileged, or with a list of capabilities; then tasks' disks have no size limit.",
    ),
]
EngineImages = Annotated[
    bool,
    typer.Option(
        "--engine-images/--no-engine-images", help="Let tasks use the engine's own images, through its socket."
    ),
]
UpOptions = Annotated[
    list[str] | None, typer.Argument(help="Options of `moyai up` in the container, after --.", metavar="[-- OPTIONS]")
]


def box_commands() -> typer.Typer:
    """The group ``moyai box``."""
    commands = typer.Typer(help="Run moyai in one container of Docker or Podman.", no_args_is_help=True)
    commands.command("up")(box_up)
    commands.command("down")(box_down)
    commands.command("status")(box_status)
    commands.command("prepare", hidden=True)(box_prepare)
    return commands


def box_up(  # noqa: PLR0913, PLR0917 (every option of a command is a parameter)
    up_options: UpOptions = None,
    name: Name = _NAME,
    engine: EngineName = None,
    image: Image = None,
    port: ApiPort = API_PORT,
    task_ports: TaskPorts = DEFAULT_TASK_PORTS,
    http_port: HttpPort = DEFAULT_HTTP_PORT,
    https_port: HttpsPort = DEFAULT_HTTPS_PORT,
    volume: Volume = "moyai",
    privileged: Privileged = True,
    engine_images: EngineImages = True,
    print_command: Annotated[bool, typer.Option("--print", help="Print the engine's command and do nothing.")] = False,
    as_json: Json = False,
) -> None:
    """Start moyai in a container, and wait until it answers. Ports are published on the loopback only."""
    port_range(task_ports, "--task-ports")
    host = find_engine(engine)
    socket = host.socket() if engine_images else None
    options = BoxOptions(
        name,
        image or _own_image(),
        port,
        task_ports,
        http_port,
        https_port,
        volume,
        privileged,
        socket,
        tuple(up_options or ()),
    )
    arguments = run_arguments(host.program, options)
    if print_command:
        typer.echo(command_line(host.program, arguments))
        return
    _require_startable(host, options)
    started = time.monotonic()
    typer.echo(f"Starting {options.image} with {host.title} …", err=True)
    try:
        host.run(*arguments)
        _await_answer(host, options)
    except BaseException:
        host.discard(name)
        raise
    report = _report(host, host.container(name)) | {"seconds": round(time.monotonic() - started, 1)}
    typer.echo(json.dumps(report, indent=2) if as_json else _ready_message(report))


def _own_image() -> str:
    from importlib.metadata import version

    return f"moyai:{version('moyai')}"


def _require_startable(host: Engine, options: BoxOptions) -> None:
    """Raise BoxError if the image is missing or the name in use."""
    if host.inspect("container", options.name) is not None:
        raise BoxError(
            f"{host.title} has a container {options.name} already: `moyai box status` shows it, `moyai box down`"
            " removes it, and --name chooses another name"
        )
    if host.inspect("image", options.image) is None:
        raise BoxError(
            f"{host.title} has no image {options.image}: build it with `make box` and load it with `{host.program} load"
            f" --input build/box.tar`, or name one with --image after `{host.program} pull`"
        )


def _await_answer(host: Engine, options: BoxOptions) -> None:
    """Wait until the API answers. Raises BoxError when it does not, with what the container printed."""
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end:
        if _health(options.port) is not None:
            return
        if not host.container(options.name)["State"]["Running"]:
            raise BoxError(f"moyai ended in its container:\n{host.logs(options.name, _LOG_LINES)}")
        time.sleep(_POLL)
    logs = host.logs(options.name, _LOG_LINES)
    raise BoxError(f"moyai did not answer within {_START_SECONDS:.0f} seconds in its container:\n{logs}")


def _health(port: int) -> Mapping[str, Any] | None:
    """The health of the server at a port of the loopback; None if nothing answers there."""
    from moyai.cli.errors import Unreachable
    from moyai.cli.options import REGION
    from moyai.cli.remote import Remote

    try:
        return Remote(f"http://127.0.0.1:{port}", REGION).health()
    except Unreachable:
        return None


def _report(host: Engine, container: Mapping[str, Any]) -> dict[str, Any]:
    """The output of ``--json`` for a container. A port that is not published is null."""
    variables = dict(v.partition("=")[::2] for v in container["Config"]["Env"])
    bindings = container["HostConfig"]["PortBindings"] or {}
    port = next((int(b["HostPort"]) for b in bindings.get(f"{API_PORT}/tcp") or ()), None)
    http_port, https_port = (variables.get(f"MOYAI_GATEWAY_{scheme}_PORT") for scheme in ("HTTP", "HTTPS"))
    health = None if port is None else _health(port)
    return {
        "name": container["Name"].lstrip("/"),
        "engine": host.program,
        "image": container["Config"]["Image"],
        "running": container["State"]["Running"],
        "url": None if port is None else f"http://127.0.0.1:{port}",
        "task_ports": variables.get("MOYAI_GATEWAY_PORTS") or None,
        "http_port": None if http_port is None else int(http_port),
        "https_port": None if https_port is None else int(https_port),
        "volume": next((m.get("Name") or m["Source"] for m in container["Mounts"] if m["Destination"] == STATE), None),
        "privileged": container["HostConfig"]["Privileged"],
        "health": health,
    }


def _ready_message(report: Mapping[str, Any]) -> str:
    lines = [
        f"moyai ready on {report['url']}",
        f"  console:  {report['url']}/console/",
        f"  state:    volume {report['volume']}",
    ]
    if report["task_ports"]:
        lines.append(
            f"  tasks:    ports {report['task_ports']} of 127.0.0.1; `moyai status` shows which task has which"
        )
    if report["http_port"]:
        lines.append(f"  services: http://SERVICE.CLUSTER.localhost:{report['http_port']}")
    if report["https_port"]:
        lines.append(f"  HTTPS:    port {report['https_port']}, by the names of load balancers' certificates")
    return "\n".join([*lines, f"  stop:     moyai box down{_name_option(report['name'])}"])


def _name_option(name: str) -> str:
    return "" if name == _NAME else f" --name {name}"


def box_down(
    name: Name = _NAME,
    engine: EngineName = None,
    volumes: Annotated[bool, typer.Option("--volumes", help="Also delete the volume with the state.")] = False,
    as_json: Json = False,
) -> None:
    """Stop all tasks and remove the container. The state stays in its volume for the next `moyai box up`."""
    host = find_engine(engine)
    container = host.container(name)
    volume = _report(host, container)["volume"]
    typer.echo(f"Stopping the tasks and {name} …", err=True)
    host.stop(name, _STOP_SECONDS)
    host.run("rm", "--force", name)
    if volumes and volume is not None:
        host.run("volume", "rm", volume)
    if as_json:
        typer.echo(json.dumps({"name": name, "engine": host.program, "volume": volume, "volume_deleted": volumes}))
    else:
        outcome = f"deleted the volume {volume}" if volumes else f"kept the volume {volume}"
        typer.echo(f"Removed the container {name} and {outcome}.")


def box_status(name: Name = _NAME, engine: EngineName = None, as_json: Json = False) -> None:
    """Show whether the container runs and answers. Exits with 1 if it does not."""
    host = find_engine(engine)
    report = _report(host, host.container(name))
    is_healthy = report["health"] is not None and report["health"]["status"] == "ok"
    if as_json:
        typer.echo(json.dumps(report, indent=2))
    elif is_healthy:
        typer.echo(f"{_ready_message(report)}\n  running:  {report['health']['tasks']} tasks")
    elif report["running"]:
        typer.echo(f"The container {name} runs, but moyai does not answer well at {report['url']}: {report['health']}")
    else:
        typer.echo(f"The container {name} has ended; `{host.program} logs {name}` shows why.")
    if not is_healthy:
        raise typer.Exit(1)


def box_prepare(state: State = DEFAULT_STATE) -> None:
    """Prepare the container that this runs in, before `moyai up`. The image's own program calls it."""
    from moyai.app.box import prepare_container

    prepare_container(state)
