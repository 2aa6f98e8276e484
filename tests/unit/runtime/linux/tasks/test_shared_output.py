"""The output of the host's proxy is divided among its tasks: each entry once, and no task's into another's log."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from moyai.domain.sandbox.host_proxy import HOST_PROXY_NAME, HOST_SANDBOX
from moyai.domain.sandbox.shared_output import access_log_entry
from moyai.kernel.ids import TaskId
from moyai.runtime.linux.runtime_paths import RuntimePaths
from moyai.runtime.linux.shim.output import LINE_LIMIT, MISSING_OUTPUT, OutputLog
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
    """What has come since the first line, which a new task's log has."""
    return [line.text for line in logs.read_output(paths.log(task, NAME), 0).lines][1:]


def test_each_task_has_its_own_lines_as_its_own_proxy_would_write_them(paths):
    host = f"envoy://arn:aws:ecs:::task/shop/{TWO}/pass:8080/10.0.0.5:8080"
    fields = {"!task": ONE, "upstream_cluster": f"{ONE}.egress.web", "upstream_host": host}
    entry = json.dumps(fields, separators=(",", ":"))
    client = '"-" "-" "-" "web"'
    write(paths, entry, f'{TWO} [now] "GET / HTTP/1.1" 200 0 0 1 1 {client} "{host}" - {TWO}.ingress.web', "moyai")
    write(paths, f'{TWO} [now] "10.0.0.4:1" "{host}" 0 0 1 "10.0.0.5:80" - {TWO}.ingress.db', f"{'3' * 32} gone")
    SharedOutput(paths).divide()
    assert texts(paths, ONE) == ['{"upstream_cluster":"egress.web","upstream_host":"10.0.0.5:8080"}']
    assert texts(paths, TWO) == [
        f'[now] "GET / HTTP/1.1" 200 0 0 1 1 {client} "10.0.0.5:8080" - ingress.web',
        '[now] "10.0.0.4:1" "10.0.0.5:8080" 0 0 1 "10.0.0.5:80" - ingress.db',
    ]


def test_the_text_of_clients_stays_unchanged(paths):
    sent = f'envoy://x/pass:1/{ONE}.","upstream_host":"envoy://x/pass:1/'
    entry = json.dumps({"!task": ONE, "authority": sent, "path": "envoy://" * 100_000}, separators=(",", ":"))
    own = access_log_entry(entry)
    assert own is not None
    assert json.loads(own[1])["authority"] == sent
    text = f'[now] "GET /envoy://x/pass:1/{ONE}. HTTP/1.1" 200 "a" "b" "c" "d" "10.0.0.5:80" - egress.web'
    assert access_log_entry(f"{ONE} {text}") == (ONE, text)
    cut = f'[now] "GET / HTTP/1.1" 200 "-" "envoy://x/pass:1/" "{"envoy://" * 100_000}'
    assert access_log_entry(f"{ONE} {cut}") == (ONE, cut)


def test_the_log_of_a_task_without_requests_says_where_it_comes_from(paths):
    shared_output.create(paths, ONE, NAME)
    (line,) = logs.read_output(paths.log(ONE, NAME), 0).lines
    assert line.text.startswith("moyai: the proxy of this machine serves the task")


def test_a_line_of_envoys_own_log_is_of_the_only_task_that_it_names(paths):
    write(paths, f"[warning] /run/netns/task-{ONE} is gone", "[info] all is well", stream="stderr")
    write(paths, f"[warning] {ONE} and {TWO}", "the rest", stream="stderr", continuing=frozenset({1}))
    write(paths, f"[warning] {TWO} {'x' * LINE_LIMIT}", f"{ONE} is named", stream="stderr", continuing=frozenset({1}))
    SharedOutput(paths).divide()
    assert (len(texts(paths, ONE)), len(texts(paths, TWO))) == (1, 2)
    assert texts(paths, TWO)[1] == f"{ONE} is named"


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


def lose_lines(paths):
    write(paths, MISSING_OUTPUT, stream="stderr")


def damage_line(paths):
    with (paths.log(HOST_SANDBOX, HOST_PROXY_NAME) / "current.log").open("ab") as file:
        file.write(b'{"at":1,"str\n')


def rotate_twice(paths):
    directory = paths.log(HOST_SANDBOX, HOST_PROXY_NAME)
    size = logs.output_end(directory)
    (directory / "current.log").write_text(f'{{"base":{size + 1000}}}\n')


@pytest.mark.parametrize("lose", [lose_lines, damage_line, rotate_twice])
@pytest.mark.parametrize("is_divided_before", [True, False])
def test_the_rest_of_a_line_behind_missing_output_is_dropped(paths, lose, is_divided_before):
    output = SharedOutput(paths)
    write(paths, f"{TWO} {'x' * LINE_LIMIT}")
    if is_divided_before or lose is rotate_twice:
        output.divide()
    lose(paths)
    write(paths, f"{TWO} forged", f"{ONE} true", continuing=frozenset({0}))
    output.divide()
    mark = "moyai: output of the host's proxy is missing here"
    assert texts(paths, ONE) == [mark, "true"]
    assert texts(paths, TWO)[1:] == [mark]


def test_logs_that_are_removed_meanwhile_keep_nothing_from_the_others(paths, monkeypatch):
    write(paths, f"{ONE} a", f"{TWO} b")
    is_dir = Path.is_dir

    def remove_after(path):
        answer = is_dir(path)
        if ONE in path.parts:
            shutil.rmtree(path.parent)
        return answer

    monkeypatch.setattr(Path, "is_dir", remove_after)
    SharedOutput(paths).divide()
    monkeypatch.undo()
    assert texts(paths, TWO) == ["b"]


def test_the_last_entry_is_found_however_long_it_is(paths):
    write(paths, f"{ONE} " + "\x01" * (LINE_LIMIT - 40))
    SharedOutput(paths).divide()
    saved = (paths.log(HOST_SANDBOX, HOST_PROXY_NAME) / "divided.json").read_bytes()
    assert json.loads(saved)["start"] == 0
    SharedOutput(paths).divide()
    assert len(texts(paths, ONE)) == 1


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
