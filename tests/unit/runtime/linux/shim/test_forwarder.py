"""A container's output as the log router gets it: Docker's form, whatever the router does, and never with a wait."""

from __future__ import annotations

import os
import select
import socket
import time

import msgspec
import pytest

from moyai.runtime.linux.shim import forwarder as forwarder_module
from moyai.runtime.linux.shim.forwarder import Forwarder, event
from moyai.runtime.linux.shim.launch_config import LaunchConfig
from moyai.runtime.linux.shim.output import LINE_LIMIT, OutputLog, OutputStream, Piece
from moyai.runtime.linux.tasks import logs
from tests.e2e.apps.router import events, messages

FIELDS = (("container_id", "t-1"), ("container_name", "/app"))


class Router:
    """Listens at the socket of a task's volumes."""

    def __init__(self, home):
        self.path = home / "volumes/v/fluent.sock"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.path))
        self._listener.listen()
        self._listener.setblocking(False)
        self._connection = None
        self._rest = b""

    def read(self, max_bytes=1024 * 1024):
        """The records that were sent whole, of up to so many bytes."""
        if self._connection is None:
            self._connection, _ = self._listener.accept()
            self._connection.setblocking(False)
        received, self._rest = messages(self._rest + self._connection.recv(max_bytes))
        return [record for message in received for _, _, record in events(message)]

    def lines(self, max_bytes=1024 * 1024):
        return [record["log"] for record in self.read(max_bytes)]

    def end(self):
        """As if it were killed: what was not read is lost, and the file stays."""
        if self._connection is not None:
            self._connection.close()
        self._listener.close()


class Monitor:
    """As much of a container monitor as a forwarder needs."""

    def __init__(self, home, **fields):
        self.home = home
        (home / "logs").mkdir(exist_ok=True)
        self.poll = select.poll()
        self.log = OutputLog(str(home / "logs"))
        config = {
            "disk": "",
            "router": str(home / "router"),
            "forward_volumes": str(home / "volumes"),
            "forward_socket": "v/fluent.sock",
            "forward_tag": "app-firelens-t",
            "forward_fields": FIELDS,
            "forward_events": 1000,
        }
        self.forwarder = Forwarder(LaunchConfig(config | fields), self.log, self.poll)

    def write(self, *lines):
        self.forwarder.append("stdout", [Piece(line.encode(), ends_line=True) for line in lines])
        self.forwarder.send()

    def turn(self):
        """One turn of the monitor's loop. The next connection is due at once."""
        self.forwarder._retry_at = 0.0
        self.forwarder.send(*[events for _, events in self.poll.poll(0)])

    def record_router(self, phase):
        (self.home / "router").mkdir(exist_ok=True)
        (self.home / "router/state.json").write_text(f'{{"phase":"{phase}"}}')

    def own_lines(self):
        return [line.text for line in logs.read_output(self.home / "logs", 0)[0]]


@pytest.fixture
def start_router(tmp_path):
    """Starts a router, or the same one again."""
    routers = []

    def start():
        routers.append(Router(tmp_path))
        return routers[-1]

    yield start
    for router in routers:
        router.end()


@pytest.fixture
def make_monitor(tmp_path):
    monitors = []

    def make(**fields):
        monitors.append(Monitor(tmp_path, **fields))
        return monitors[-1]

    yield make
    for monitor in monitors:
        monitor.forwarder._disconnect()


@pytest.mark.parametrize("size", [0, 1, 31, 32, 255, 256, LINE_LIMIT])
def test_an_event_is_that_of_dockers_log_driver(size):
    encoded = event(b"app-firelens-t", 1_700_000_000_000_000_005, [(b"source", b"stdout"), (b"log", b"x" * size)])
    tag, at, record, options = msgspec.msgpack.decode(encoded)
    assert (tag, record, options) == ("app-firelens-t", {"source": "stdout", "log": "x" * size}, {})
    assert (at.code, at.data) == (0, (1_700_000_000).to_bytes(4, "big") + (5).to_bytes(4, "big"))


def test_a_line_that_is_no_utf8_is_sent_as_it_is():
    ((_, _, record, _),), rest = messages(event(b"t", 0, [(b"log", b"\xff\xfe")]))
    assert (record, rest) == ({b"log": b"\xff\xfe"}, b"")


def test_lines_arrive_in_order_with_their_stream(start_router, make_monitor):
    router = start_router()
    monitor = make_monitor()
    monitor.write("one", "")
    monitor.forwarder.append("stderr", [Piece(b"two", ends_line=True)])
    monitor.turn()
    common = dict(FIELDS)
    assert router.read() == [
        common | {"source": "stdout", "log": "one"},
        common | {"source": "stdout", "log": ""},
        common | {"source": "stderr", "log": "two"},
    ]
    assert monitor.forwarder.deadline() is None


def test_the_pieces_of_a_long_line_say_that_they_belong_together(start_router, make_monitor):
    router = start_router()
    monitor = make_monitor()
    reader, writer = os.pipe()
    stream = OutputStream("stdout", reader)
    for part in (b"a" * (2 * LINE_LIMIT), b"b\nshort\n"):
        os.write(writer, part)
        monitor.forwarder.append("stdout", stream.read())
    monitor.turn()
    first, second, third, short = router.read()
    assert "".join(record["log"] for record in (first, second, third)) == "a" * (2 * LINE_LIMIT) + "b"
    assert [record["partial_ordinal"] for record in (first, second, third)] == ["1", "2", "3"]
    assert [record["partial_last"] for record in (first, second, third)] == ["false", "false", "true"]
    assert {record["partial_message"] for record in (first, second, third)} == {"true"}
    assert len({record["partial_id"] for record in (first, second, third)}) == 1
    assert short == dict(FIELDS) | {"source": "stdout", "log": "short"}


def test_lines_wait_for_a_router_that_is_late(start_router, make_monitor):
    monitor = make_monitor()
    monitor.write("one")
    monitor.write("two")
    assert monitor.forwarder.deadline() is not None
    router = start_router()
    monitor.turn()
    assert router.lines() == ["one", "two"]


def test_a_router_that_starts_again_gets_every_whole_line_once(start_router, make_monitor, monkeypatch):
    monkeypatch.setattr(forwarder_module, "MAX_BYTES", 64 * 1024 * 1024)
    router, monitor = start_router(), make_monitor(forward_events=100_000)
    sent = [f"{n} {'x' * 1000}" for n in range(2000)]
    monitor.write(*sent)
    received = router.lines(100_000)
    router.end()
    router = start_router()
    for _ in range(200):
        monitor.turn()
        try:
            received += router.lines()
        except BlockingIOError:
            continue
    lost_lines = len(sent) - len(received)
    assert 0 < lost_lines < len(sent) / 2, "only what the socket of the dead router held"
    missing = [line for line in sent if line not in set(received)]
    assert received == [line for line in sent if line not in set(missing)]
    assert len(missing) == lost_lines
    start = sent.index(missing[0])
    assert missing == sent[start : start + lost_lines]


def test_a_router_that_does_not_read_never_holds_up_the_monitor_and_losses_are_reported(start_router, make_monitor):
    router = start_router()
    monitor = make_monitor(forward_events=3000)
    sent = [f"{n} {'x' * 1000}" for n in range(6000)]
    before = time.process_time()
    for line in sent:
        monitor.write(line)
    assert time.process_time() - before < 20
    (report,) = monitor.own_lines()
    assert (
        report == "moyai: 1 line not sent to the log router: there is no room for more until the log router takes some"
    )
    received = router.lines()
    for _ in range(200):
        monitor.turn()
        try:
            received += router.lines()
        except BlockingIOError:
            break
    assert received == sent[: len(received)]
    monitor.forwarder.finish()
    lost = len(sent) - len(received)
    assert lost > 1
    assert monitor.own_lines()[1].startswith(f"moyai: {lost - 1} lines not sent to the log router: ")


def test_the_waiting_events_are_limited_in_bytes(start_router, make_monitor, monkeypatch):
    monkeypatch.setattr(forwarder_module, "MAX_BYTES", 10_000)
    monitor = make_monitor()
    monitor.write(*("x" * 1000 for _ in range(100)))
    router = start_router()
    monitor.turn()
    assert 5 <= len(router.lines()) <= 10


def test_the_rest_is_sent_at_the_containers_end_while_the_router_starts(start_router, make_monitor):
    monitor = make_monitor()
    monitor.record_router("starting")
    monitor.write("last words")
    router = start_router()
    monitor.forwarder.finish()
    assert router.lines() == ["last words"]
    assert monitor.own_lines() == []


@pytest.mark.parametrize("phase", ["stopped", "failed", None])
def test_the_end_of_a_container_does_not_wait_for_a_router_that_has_ended(make_monitor, monkeypatch, phase):
    monkeypatch.setattr(forwarder_module, "_FINISH_SECONDS", 3600.0)
    monitor = make_monitor()
    if phase is not None:
        monitor.record_router(phase)
    monitor.write("one", "two")
    monitor.forwarder.finish()
    assert monitor.own_lines() == [
        "moyai: 2 lines not sent to the log router: the log router did not take them before the container's end"
    ]


def test_the_end_of_a_container_waits_a_limited_time_for_a_router_that_does_not_listen(make_monitor, monkeypatch):
    monkeypatch.setattr(forwarder_module, "_FINISH_SECONDS", 0.2)
    monitor = make_monitor()
    monitor.record_router("running")
    monitor.write("one")
    monitor.forwarder.finish()
    assert monitor.own_lines()[0].startswith("moyai: 1 line not sent")


@pytest.fixture
def other(tmp_path):
    """A socket of this machine that is none of the router's."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "other.sock"))
    listener.listen()
    listener.setblocking(False)
    yield listener
    listener.close()


def link(home, path):
    path.symlink_to(home / "other.sock")


def link_directory(home, path):
    path.parent.rmdir()
    (home / "elsewhere").mkdir()
    os.link(home / "other.sock", home / "elsewhere/fluent.sock")
    path.parent.symlink_to(home / "elsewhere")


def fifo(_home, path):
    os.mkfifo(path)


def directory(_home, path):
    path.mkdir()


@pytest.mark.parametrize("make", [link, link_directory, fifo, directory])
def test_links_and_other_files_in_place_of_the_routers_socket_are_not_connected_to(tmp_path, other, make, make_monitor):
    path = tmp_path / "volumes/v/fluent.sock"
    path.parent.mkdir(parents=True)
    make(tmp_path, path)
    monitor = make_monitor()
    monitor.write("secret")
    monitor.turn()
    with pytest.raises(BlockingIOError):
        other.accept()
