"""The logs of load balancers, from the output of a front proxy to files."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from collections.abc import Iterable
from itertools import count
from pathlib import Path

import pytest
from msgspec.structs import replace

from moyai.domain.elb.front import front_sandbox, front_workload
from moyai.domain.elb.log_attributes import BucketName
from moyai.domain.world import Put
from moyai.kernel.clock import Clock, Instant
from moyai.kernel.ids import LoadBalancerArn, TaskId, VpcId
from moyai.ports.runtime import Output, RuntimeFault
from moyai.runtime.sim.runtime import SimRuntime
from moyai.store.memory import MemoryStore
from moyai.telemetry.front_logs.collector import FrontLogCollector
from moyai.telemetry.front_logs.entries import Place, RequestEntry, read_entry
from moyai.telemetry.front_logs.files import INTERVAL, LogFiles, PlacedLine
from moyai.telemetry.front_logs.lines import line_of
from moyai.testing.clock import ManualClock
from moyai.testing.load_balancers import load_balancer
from moyai.testing.world import SCOPE

PLACE = Place("my-logs/web/AWSLogs/123456789012/elasticloadbalancing/us-east-1", "123456789012_web", "10.0.0.10")
NOON = Instant(1_795_867_200)
SOURCE = "front/vpc-1"
VPCS = (VpcId("vpc-1"), VpcId("vpc-2"))
GROWING = f"{PLACE.folder}/2026/11/28/123456789012_web_20261128T1205Z_10.0.0.10"


def entry(**members: object) -> str:
    """A line of Envoy's, as it sorts the members."""
    every: dict[str, object] = {
        "log": "request",
        "folder": PLACE.folder,
        "name": PLACE.name,
        "node": PLACE.node,
        "elb": "app/web/1",
        "listener": "arn:listener",
        "host": "web.elb.localhost",
        "port": "80",
        "created": "1795867200.5",
        "emitted": "1795867201.25",
        "client": "10.0.0.1:5",
        "scheme": "http",
        "user_method": "GET",
        **members,
    }
    return json.dumps(dict(sorted(every.items())), separators=(",", ":"))


def test_a_line_that_was_cut_is_one_entry():
    whole = entry(user_path="/a", user_redirect="x" * 20, user_trace="t")
    for length in range(whole.index('"user_path"') + len('"user_path":"/a"'), len(whole)):
        assert isinstance(read_entry(whole[:length]), RequestEntry)
        assert read_entry(whole[length:]) is None


def test_a_cut_in_an_escape_is_mended():
    whole = entry(user_path="/a", user_trace='\\"')
    cut = whole[: whole.index(r"\\") + 1]
    assert isinstance(read_entry(cut), RequestEntry)


def test_no_client_makes_an_entry():
    forged = entry(user_path="/forged")
    whole = entry(user_path="/" + forged)
    assert read_entry(whole[whole.index('{\\"') :]) is None
    assert read_entry("[warning] " + forged) is None
    assert read_entry('{"log":"request"}') is None
    assert read_entry(entry(emitted="-1")) is None


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({}, "http"),
        ({"scheme": "https"}, "https"),
        ({"scheme": "https", "protocol": "HTTP/2"}, "h2"),
        ({"scheme": "https", "protocol": "HTTP/2", "user_content": "application/grpc+proto"}, "grpcs"),
        ({"code": 101}, "ws"),
        ({"code": 101, "scheme": "https"}, "wss"),
    ],
)
def test_the_type_is_the_protocol(members, kind):
    request = read_entry(entry(**members))
    assert request is not None
    assert line_of(request, None).split()[0] == kind


def test_no_client_makes_a_field_of_a_flow():
    flow = read_entry(entry(log="flow", sni='a b\n"é\u2028'))
    assert flow is not None
    fields = line_of(flow, None).split(" ")
    assert len(fields) == 22
    assert fields[17] == r"a\x20b\x0A\x22é\xE2\x80\xA8"


class Files:
    """A directory for the logs, opened anew as after the end of a control plane."""

    def __init__(self, root: Path, limit: int = 10**9) -> None:
        self.root, self.limit, self._numbers = root, limit, count(1)
        self.reopen()

    def reopen(self) -> None:
        self.files = LogFiles(self.root, self.limit, lambda digits: f"{next(self._numbers):0>{digits}}")

    def append(self, position: int, *texts: str, at: float = NOON) -> None:
        self.files.append(SOURCE, position, [PlacedLine(PLACE, Instant(at), text) for text in texts])

    @property
    def state(self) -> Path:
        """The file with the positions."""
        [file] = (path for path in self.root.iterdir() if path.is_file())
        return file

    def contents(self) -> dict[str, str]:
        """The text of each file, by its key."""
        contents_by_key = {}
        for path in sorted(self.root.glob("*/**/*.log*")):
            content = path.read_bytes()
            is_compressed = path.suffix == ".gz"
            contents_by_key[str(path.relative_to(self.root))] = (
                gzip.decompress(content) if is_compressed else content
            ).decode()
        return contents_by_key


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path / "elb-logs")


def test_lines_are_in_a_file_of_five_minutes_which_is_compressed_at_their_end(files):
    files.append(10, "a", "b")
    files.append(20, "c", at=NOON + INTERVAL - 1)
    files.files.close_due(Instant(NOON + INTERVAL - 1))
    assert files.contents() == {f"{GROWING}_00000001.log": "a\nb\nc\n"}
    files.append(30, "d", at=NOON + INTERVAL)
    files.files.close_due(Instant(NOON + INTERVAL))
    assert list(files.contents().values()) == ["a\nb\nc\n", "d\n"]
    assert f"{GROWING}_00000001.log.gz" in files.contents()
    files.append(40, "late")
    assert files.contents()[f"{GROWING}_00000003.log"] == "late\n"


def test_unrecorded_text_is_cut_off_after_a_kill(files):
    files.append(10, "a")
    path = files.root / f"{GROWING}_00000001.log"
    path.write_text("a\nb\nhal")
    files.reopen()
    assert files.files.positions == {SOURCE: 10}
    files.append(20, "b", "c")
    assert path.read_text() == "a\nb\nc\n"


def test_a_kill_while_a_file_is_compressed_repeats_nothing(files):
    files.append(10, "a")
    plain = files.root / f"{GROWING}_00000001.log"
    (files.root / f"{GROWING}_00000001.log.gz").write_bytes(b"")
    plain.write_text("a\nnever recorded")
    files.reopen()
    files.files.close_due(Instant(NOON + INTERVAL))
    assert files.contents() == {f"{GROWING}_00000001.log.gz": "a\n"}


def test_a_deleted_file_is_begun_anew(files):
    files.append(10, "a")
    (files.root / f"{GROWING}_00000001.log").unlink()
    files.append(20, "b")
    files.files.close_due(Instant(NOON + INTERVAL))
    (files.root / f"{GROWING}_00000001.log.gz").unlink()
    files.append(30, "c")
    assert list(files.contents().values()) == ["c\n"]


def test_an_error_leaves_the_position(files, monkeypatch):
    files.append(10, "a")
    monkeypatch.setattr(Path, "open", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        files.append(20, "b")
    monkeypatch.undo()
    assert files.files.positions == {SOURCE: 10}
    files.append(20, "b")
    assert list(files.contents().values()) == ["a\nb\n"]


def test_a_kill_after_lines_were_written_repeats_nothing(files, monkeypatch):
    def fsync(_: int) -> None:
        if any(files.root.glob("**/*.log")):
            raise OSError("killed")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="killed"):
        files.append(10, "a")
    monkeypatch.undo()
    files.reopen()
    assert files.files.positions == {}
    files.append(10, "a")
    assert files.contents() == {f"{GROWING}_00000001.log": "a\n"}


def test_a_kill_before_a_compressed_file_is_removed_leaves_nothing(files):
    files.append(10, "a")
    plain = files.root / f"{GROWING}_00000001.log"
    files.files.close_due(Instant(NOON + INTERVAL))
    plain.write_text("a\n")
    files.reopen()
    files.files.close_due(NOON)
    assert files.contents() == {f"{GROWING}_00000001.log.gz": "a\n"}


@pytest.mark.parametrize("content", [b"", b"{", b'{"positions":{"\xff":1}}', b'{"positions":[]}'])
def test_a_state_file_that_is_damaged_loses_no_lines(files, content):
    files.append(10, "a")
    files.state.write_bytes(content)
    files.reopen()
    assert files.files.positions == {}
    files.append(10, "a")
    files.files.close_due(NOON)
    assert files.contents() == {f"{GROWING}_00000001.log.gz": "a\n", f"{GROWING}_00000002.log": "a\n"}


def test_no_bucket_has_the_name_of_the_state_file(files):
    files.append(10, "a")
    for name in (files.state.name, f"{files.state.name}.new"):
        with pytest.raises(ValueError, match="the name of a bucket"):
            BucketName().read(name)


class FailingRuntime(SimRuntime):
    """A runtime that can read no output of the first VPC's front proxy."""

    reads: int = 0

    async def output(self, task: TaskId, container: str, after: int) -> Output:
        if task == front_sandbox(VpcId("vpc-1")):
            raise RuntimeFault("the log is unreadable")
        self.reads += 1
        return Output((), after)


class BusyRuntime(SimRuntime):
    """A runtime with more output whenever it is asked, which counts the reads of each sandbox."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.reads: Counter[TaskId] = Counter()

    async def output(self, task: TaskId, container: str, after: int) -> Output:
        self.reads[task] += 1
        assert self.reads[task] < 1000, f"{container} is read without end"
        return Output((), after + 1)


def store_with_two_vpcs() -> MemoryStore:
    """A store with a load balancer that has logs in each of two VPCs."""
    logged = replace(load_balancer(SCOPE), attributes={"access_logs.s3.enabled": "true"})
    store = MemoryStore()
    for vpc in VPCS:
        store.apply([Put(replace(logged, vpc=vpc, arn=LoadBalancerArn(f"{logged.arn}{vpc}")))])
    return store


async def test_a_vpc_whose_output_cannot_be_read_does_not_hold_up_the_others(files):
    files.append(10, "a")
    clock = ManualClock(Instant(NOON + INTERVAL))
    runtime = FailingRuntime(clock)
    with pytest.raises(RuntimeFault, match="unreadable"):
        await FrontLogCollector(store_with_two_vpcs(), runtime, files.files, clock).collect()
    assert runtime.reads == 1
    assert files.contents() == {f"{GROWING}_00000001.log.gz": "a\n"}


async def test_a_vpc_whose_entries_cannot_be_written_does_not_hold_up_the_others(files, monkeypatch):
    files.append(10, "a")
    append = files.files.append

    def append_unless_first(source: str, position: int, lines: Iterable[PlacedLine]) -> None:
        if source == front_workload(VPCS[0]):
            raise OSError("full")
        append(source, position, lines)

    monkeypatch.setattr(files.files, "append", append_unless_first)
    clock = ManualClock(Instant(NOON + INTERVAL))
    runtime = BusyRuntime(clock)
    with pytest.raises(OSError, match="full"):
        await FrontLogCollector(store_with_two_vpcs(), runtime, files.files, clock).collect()
    assert runtime.reads[front_sandbox(VPCS[1])] > 1
    assert files.contents() == {f"{GROWING}_00000001.log.gz": "a\n"}


async def test_a_vpc_that_always_has_more_output_does_not_hold_up_the_others(files):
    files.append(10, "a")
    clock, store = ManualClock(Instant(NOON + INTERVAL)), store_with_two_vpcs()
    runtime = BusyRuntime(clock)
    await FrontLogCollector(store, runtime, files.files, clock).collect()
    assert set(runtime.reads) == {front_sandbox(vpc) for vpc in VPCS}
    assert files.contents() == {f"{GROWING}_00000001.log.gz": "a\n"}


def test_directories_are_no_files_and_growing_files_count(tmp_path):
    files = Files(tmp_path, limit=100)
    (tmp_path / "my-logs" / "x.log.gz").mkdir(parents=True)
    (tmp_path / "my-logs" / "x.log").mkdir()
    files.reopen()
    files.append(10, "first")
    files.append(20, "x" * 100, at=NOON + INTERVAL)
    files.files.close_due(Instant(NOON + INTERVAL))
    assert list(tmp_path.glob("**/2026*.log.gz")) == []
    assert (tmp_path / "my-logs" / "x.log.gz").is_dir()
    assert [path.stat().st_size for path in tmp_path.glob("**/*.log") if path.is_file()] == [101]


def test_the_oldest_files_go_when_there_are_too_many(tmp_path):
    files = Files(tmp_path, limit=100)
    for number in range(4):
        files.append(number + 1, f"line {number}", at=NOON + number * INTERVAL)
        files.files.close_due(Instant(NOON + (number + 1) * INTERVAL))
    remaining = list(files.contents().values())
    assert remaining[-1] == "line 3\n"
    assert len(remaining) < 4


@pytest.mark.parametrize("folder", ["a/../../b", "{root}-outside", "a//b", "a/./b", "a/"])
def test_a_place_outside_of_the_directory_is_refused(files, folder):
    folder = folder.format(root=files.root)
    files.files.append(SOURCE, 10, [PlacedLine(replace(PLACE, folder=folder), NOON, "x")])
    assert list(files.root.parent.glob("**/*.log")) == []
