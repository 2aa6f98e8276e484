"""Sessions in real containers: over the WebSocket as the plugin speaks it, and by ``moyai exec`` on a real terminal."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import select
import struct
import subprocess
import termios
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.e2e.installation import MOYAI
from tests.e2e.leftovers import control_groups
from tests.e2e.stack import Cluster, processes, shell
from tests.e2e.waiting import eventually
from tests.plugin import Plugin

pytestmark = [pytest.mark.e2e, pytest.mark.root]

STAYS = "trap 'exit 0' TERM; while :; do sleep 0.1; done"
PATIENCE = 60.0


class Talk:
    """The plugin, on a real WebSocket."""

    def __init__(self, socket: ClientConnection, token: str, **own: object) -> None:
        self.plugin = Plugin(token, **own)
        self.socket = socket
        self.socket.send(self.plugin.opening)

    def until(self, condition) -> None:
        """Talk until it is so, or the session is over."""
        while not condition():
            self.flush()
            try:
                frame = self.socket.recv(timeout=PATIENCE)
            except ConnectionClosed:
                break
            assert isinstance(frame, bytes)
            self.plugin.receive_frame(frame)
        self.flush()
        assert condition(), self.plugin.output

    def wait_for_output(self, *words: bytes) -> None:
        """Talk until it has said all of this."""
        self.until(lambda: all(word in self.plugin.output for word in words))

    def type(self, data: bytes) -> None:
        self.plugin.type(data)
        self.flush()

    def flush(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while self.plugin.outbox:
                self.socket.send(self.plugin.outbox.pop(0))


@pytest.fixture(scope="module")
def cluster(server):
    return Cluster(server, "exec")


@pytest.fixture(scope="module")
def task(cluster) -> Iterator[str]:
    colour = [{"name": "COLOUR", "value": "red"}]
    definition = cluster.define("exec", shell(STAYS, user="1000:1000", environment=colour))
    arn = cluster.run(definition, enableExecuteCommand=True)
    cluster.until(arn, "RUNNING")
    yield arn
    cluster.ecs.stop_task(cluster=cluster.name, task=arn)


@contextlib.contextmanager
def session(cluster, task, command: str, **own: object) -> Iterator[Talk]:
    params = {"cluster": cluster.name, "task": task, "command": command, "interactive": True}
    input_session = cluster.ecs.execute_command(**params)["session"]
    with reach(input_session) as socket:
        talk = Talk(socket, input_session["tokenValue"], **own)
        talk.until(lambda: talk.plugin.ready)
        talk.plugin.resize(24, 80)
        talk.flush()
        yield talk


def reach(given: dict[str, str], **more: Any) -> Any:
    """The session's WebSocket, to be opened."""
    return connect(given["streamUrl"], compression=None, proxy=None, close_timeout=1, **more)


def sleepers(task: str, seconds: int) -> list[int]:
    return list(processes(task, f"sleep {seconds}"))


# ----------------------------------------------------------------------------------------------------- as the plugin


def test_a_session_runs_a_shell_on_a_terminal_in_the_container(cluster, task):
    with session(cluster, task, "/bin/sh") as talk:
        talk.plugin.resize(50, 132)
        talk.type(b"tty; stty size; echo $COLOUR $TERM\r")
        talk.wait_for_output(b"/dev/pts/0", b"50 132", b"red xterm-256color")
        talk.plugin.resize(10, 20)
        talk.type(b"stty size\r")
        talk.wait_for_output(b"10 20")
        talk.type(b"sleep 4711\r")
        eventually(lambda: sleepers(task, 4711))
        talk.type(b"\x03")
        talk.type(b"echo code=$?\r")
        talk.wait_for_output(b"code=130")
        talk.type(b"\x04")
        talk.until(lambda: talk.plugin.closed is not None)
    assert not sleepers(task, 4711)


def test_an_exec_command_runs_as_root_with_the_containers_rights_and_namespaces(cluster, task):
    line = (
        "id -u; grep -E '^(CapEff|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status; hostname; echo pids /proc/[0-9]*;"
        " cat /proc/self/cgroup; readlink /proc/self/ns/*; ls -l /proc/self/fd"
    )
    with session(cluster, task, f'sh -c "{line}"', Moyai={"Terminal": False}) as talk:
        talk.until(lambda: talk.plugin.closed is not None)
    printed = talk.plugin.output.decode()
    assert talk.plugin.code == 0, printed
    uid, *facts = printed.splitlines()
    assert uid == "0"
    assert [fact.split() for fact in facts[:4]] == [
        ["CapEff:", "00000000a00425fb"],
        ["CapBnd:", "00000000a00425fb"],
        ["NoNewPrivs:", "1"],
        ["Seccomp:", "2"],
    ]
    first = min(processes(task, "while :"))  # a child looks alike until it executes another program
    assert {str(path.readlink()) for path in Path(f"/proc/{first}/ns").iterdir()} <= set(facts)
    assert len(next(fact for fact in facts if fact.startswith("pids")).split()) < 12
    assert "moyai" not in printed
    files = [fact.partition(" -> ")[2] for fact in facts if " -> " in fact]
    assert [file for file in files if not file.startswith(("pipe:", "/proc/"))] == []


def test_a_closed_session_kills_its_processes_and_two_sessions_are_the_limit(cluster, task):
    both = "sh -c 'setsid sleep 4712 & sleep 4713'"
    with session(cluster, task, both), session(cluster, task, "sleep 4714") as other:
        eventually(lambda: sleepers(task, 4712) and sleepers(task, 4713) and sleepers(task, 4714))
        with pytest.raises(cluster.ecs.exceptions.ClientException, match="maximum session limit of 2"):
            cluster.ecs.execute_command(cluster=cluster.name, task=task, command="ls", interactive=True)
        other.socket.socket.shutdown(2)
    eventually(lambda: not any(sleepers(task, seconds) for seconds in (4712, 4713, 4714)))
    own = f"/{task.rpartition('/')[2]}/"
    eventually(lambda: not [group for group in control_groups() if own in group and "/session-" in group])


def test_a_session_token_works_once_and_not_from_a_web_page(cluster, task):
    params = {"cluster": cluster.name, "task": task, "command": "sleep 4715", "interactive": True}
    input_session = cluster.ecs.execute_command(**params)["session"]
    with pytest.raises(InvalidStatus), reach(input_session, origin="https://evil.example"):
        pass
    with reach(input_session) as socket:
        talk = Talk(socket, input_session["tokenValue"])
        talk.until(lambda: talk.plugin.ready)
        with pytest.raises(InvalidStatus), reach(input_session):
            pass


# ------------------------------------------------------------------------------------------------------- moyai exec


class Screen:
    """A program on a terminal of ours."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, environment)  # noqa: S606
        self.resize(40, 100)
        self.seen = b""

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, data: bytes) -> None:
        os.write(self.fd, data)

    def until(self, *words: bytes) -> None:
        """Read until all of it was seen, or there is no more."""
        while not all(word in self.seen for word in words) and select.select([self.fd], [], [], PATIENCE)[0]:
            try:
                self.seen += os.read(self.fd, 65536)
            except OSError:
                break
        assert all(word in self.seen for word in words), self.seen

    def code(self) -> int:
        with contextlib.suppress(OSError):
            while os.read(self.fd, 65536):
                pass
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def moyai_exec(cluster: Any, *words: str) -> tuple[list[str], dict[str, str]]:
    return [*MOYAI, "exec", *words], cluster.installation.environment()


def test_moyai_exec_passes_the_terminal_through(cluster, task):
    screen = Screen(*moyai_exec(cluster, task.rpartition("/")[2][:12], "--", "sh"))
    screen.until(b"# ")
    screen.type(b"stty size\r")
    screen.until(b"40 100")
    screen.resize(17, 71)
    # The signal is on its way while this is typed.
    screen.type(b"until [ \"$(stty size)\" = '17 71' ]; do sleep 0.1; done; echo re''sized\r")
    screen.until(b"resized")
    screen.type(b"sleep 4716\r")
    eventually(lambda: sleepers(task, 4716))
    screen.type(b"\x03")
    screen.type(b"exit 3\r")
    assert screen.code() == 3


def test_moyai_exec_is_a_filter_in_a_pipe(cluster):
    definition = cluster.define("unasked", shell(STAYS))
    arn = cluster.run(definition)
    cluster.until(arn, "RUNNING")
    data = os.urandom(300_000)
    command, environment = moyai_exec(cluster, arn, "sh", "-c", "echo oops >&2; cat; exit 7")
    ran = subprocess.run(command, input=data, capture_output=True, env=environment, check=False)
    assert (ran.returncode, ran.stderr) == (7, b"oops\n")
    assert ran.stdout == data
    command, environment = moyai_exec(cluster, "--json", arn, "sh", "-c", "echo out; echo oops >&2; exit 7")
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, env=environment, check=False)
    report = json.loads(ran.stdout)
    assert (ran.returncode, report["exitCode"], report["container"]) == (7, 7, "main")
    assert (report["stdout"], report["stderr"], report["truncated"]) == ("out\n", "oops\n", False)
    cluster.ecs.stop_task(cluster=cluster.name, task=arn)


@pytest.mark.heavy
def test_sessions_end_with_the_control_plane(make_installation):
    here = make_installation()
    here.up()
    cluster = Cluster(here, "alone")
    arn = cluster.run(cluster.define("alone", shell(STAYS)), enableExecuteCommand=True)
    cluster.until(arn, "RUNNING")
    with session(cluster, arn, "sh -c 'setsid sleep 4717 & trap : HUP; sleep 4718; sleep 4718'"):
        eventually(lambda: sleepers(arn, 4717) and sleepers(arn, 4718))
        here.kill()
        eventually(lambda: not sleepers(arn, 4717) and not sleepers(arn, 4718))
    assert list(processes(arn, "while :"))
    here.up()
    cluster.until(arn, "RUNNING")
