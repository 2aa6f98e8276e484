"""The output of the host's proxy is divided among its tasks: each entry once, and no task's into another's log."""

from __future__ import annotations

import json

import pytest

from moyai.domain.sandbox.host_proxy import HOST_PROXY_NAME, HOST_SANDBOX
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.shim.output import LINE_LIMIT, OutputLog
from moyai.runtime.linux.tasks import logs, shared_output
from moyai.runtime.linux.tasks.shared_output import SharedOutput

ONE, TWO = TaskId("1" * 32), TaskId("2" * 32)
NAME = "ecs-service-connect-abcde"


@pytest.fixture
def paths(tmp_path):
    paths = RuntimePaths(tmp_path)
    paths.log(HOST_SANDBOX, HOST_PROXY_NAME).mkdir(parents=True)
    for task in (ONE, TWO):
        shared_output.create(paths, task, NAME)
    return paths


def write(paths, *lines, stream="stdout", continuing=frozenset()):
    log = OutputLog(str(paths.log(HOST_SANDBOX, HOST_PROXY_NAME)))
    log.append(stream, [line.encode() for line in lines], continuing)
    log.close()


def texts(paths, task):
    return [line.text for line in logs.read_output(paths.log(task, NAME), 0).lines]


def test_each_task_has_its_own_lines_as_its_own_proxy_would_write_them(paths):
    host = f"envoy://arn:aws:ecs:::task/shop/{TWO}/pass:8080/10.0.0.5:8080"
    fields = {"!task": ONE, "upstream_cluster": f"{ONE}.egress.web", "upstream_host": host}
    entry = json.dumps(fields, separators=(",", ":"))
    write(paths, entry, f'{TWO} [now] "GET / HTTP/1.1" "{host}" - {TWO}.ingress.web', "moyai", f"{'3' * 32} gone")
    SharedOutput(paths).divide()
    assert texts(paths, ONE) == ['{"upstream_cluster":"egress.web","upstream_host":"10.0.0.5:8080"}']
    assert texts(paths, TWO) == ['[now] "GET / HTTP/1.1" "10.0.0.5:8080" - ingress.web']


def test_a_line_of_envoys_own_log_is_of_the_tasks_that_it_names(paths):
    write(paths, f"[warning] /run/netns/task-{ONE} is gone", "[info] all is well", stream="stderr")
    SharedOutput(paths).divide()
    assert (len(texts(paths, ONE)), texts(paths, TWO)) == (1, [])


def test_a_long_line_stays_the_tasks_that_it_begins_with(paths):
    forged = f"{TWO} forged"
    write(paths, f"{ONE} {'x' * LINE_LIMIT}")
    output = SharedOutput(paths)
    output.divide()
    write(paths, forged, f"{TWO} true", continuing=frozenset({0}))
    SharedOutput(paths).divide()
    assert texts(paths, ONE)[1:] == [forged]
    assert texts(paths, TWO) == ["true"]


def test_the_rest_of_a_line_whose_beginning_is_lost_is_dropped(paths):
    write(paths, f"{TWO} forged", continuing=frozenset({0}))
    SharedOutput(paths).divide()
    assert texts(paths, TWO) == []


@pytest.mark.parametrize("killed_at", [0, 1])
def test_each_entry_is_there_once_whenever_the_process_is_killed(paths, monkeypatch, killed_at):
    write(paths, f"{ONE} a", f"{TWO} b")
    append, writes = OutputLog.write, iter(range(9))

    def write_unless_killed(self, raw):
        if next(writes) == killed_at:
            raise KeyboardInterrupt
        append(self, raw)

    monkeypatch.setattr(OutputLog, "write", write_unless_killed)
    with pytest.raises(KeyboardInterrupt):
        SharedOutput(paths).divide()
    monkeypatch.undo()
    write(paths, f"{ONE} c")
    for _ in range(2):
        SharedOutput(paths).divide()
    assert (texts(paths, ONE), texts(paths, TWO)) == (["a", "c"], ["b"])


def test_a_range_that_met_an_error_is_divided_again(paths, monkeypatch):
    output = SharedOutput(paths)
    write(paths, f"{ONE} a", f"{TWO} b")

    def refuse(_log, _raw):
        raise OSError("no space")

    monkeypatch.setattr(OutputLog, "write", refuse)
    with pytest.raises(OSError, match="no space"):
        output.divide()
    monkeypatch.undo()
    output.divide()
    assert (texts(paths, ONE), texts(paths, TWO)) == (["a"], ["b"])


def test_only_the_container_that_stands_for_the_hosts_proxy_has_a_part_of_it(paths):
    output = SharedOutput(paths)
    assert output.is_of(ONE, NAME)
    assert not output.is_of(ONE, "app")
    assert not output.is_of(TaskId("3" * 32), NAME)


def test_output_that_was_removed_begins_anew(paths):
    output = SharedOutput(paths)
    write(paths, f"{ONE} a", f"{ONE} b")
    output.divide()
    for file in paths.log(HOST_SANDBOX, HOST_PROXY_NAME).iterdir():
        file.unlink()
    write(paths, f"{TWO} c")
    output.divide()
    assert (texts(paths, ONE), texts(paths, TWO)) == (["a", "b"], ["c"])
