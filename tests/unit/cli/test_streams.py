"""The output of several containers as one."""

from __future__ import annotations

import threading

import pytest

from moyai.cli.choice import containers_of, tasks_of_service
from moyai.cli.streams import LogSource, follow_logs, merge_logs

ONE, TWO = LogSource("1" * 32, "app"), LogSource("2" * 32, "app")


class RecordedOutput:
    """Output that is there already; followed, it ends when the test ends it."""

    def __init__(self, **lines):
        self.lines = {LogSource(name[1] * 32, "app"): texts for name, texts in lines.items()}
        self.ends = threading.Event()

    def logs(self, task, container, *, follow):
        for at, text in self.lines[LogSource(task, container)]:
            if text == "breaks":
                raise ConnectionError(text)
            yield {"at": at, "text": text}
        if follow:
            self.ends.wait(30)


def texts(told):
    return [(source.label, line["text"]) for source, line in told]


def test_lines_are_merged_by_time_and_stay_in_order_per_container():
    written = RecordedOutput(t1=[(1, "a"), (3, "c"), (3, "d")], t2=[(2, "b"), (4, "e")])
    found = texts(merge_logs(written, [ONE, TWO]))
    assert found == [(f"{n * 8}/app", text) for n, text in zip("12112", "abcde", strict=True)]


def test_following_includes_later_containers_and_ends_with_the_last():
    written = RecordedOutput(t1=[(1, "a")], t2=[(2, "b")])
    looks = iter([[ONE], [ONE, TWO], []])
    streams = []
    for source, line in follow_logs(written, lambda: next(looks, [])):
        streams.append((source.label, line["text"]))
        if line["text"] == "b":
            written.ends.set()
    assert streams == [("11111111/app", "a"), ("22222222/app", "b")]


def test_errors_of_a_read_are_raised():
    with pytest.raises(ConnectionError, match="breaks"):
        texts(follow_logs(RecordedOutput(t1=[(1, "breaks")]), lambda: [ONE]))


def test_a_service_is_its_tasks_containers_without_proxies():
    tasks = [
        {"id": "1", "group": "service:web", "containers": ["app", "log", "ecs-service-connect-x"]},
        {"id": "2", "group": "service:web2", "containers": ["app"]},
        {"id": "3", "group": "family:web", "containers": ["app"]},
    ]
    assert [task["id"] for task in tasks_of_service("arn:aws:ecs:eu-west-1:1:service/c/web", tasks)] == ["1"]
    assert containers_of(tasks[0], None) == ["app", "log"]
    assert containers_of(tasks[0], "ecs-service-connect-x") == ["ecs-service-connect-x"]
    assert containers_of(tasks[1], "log") == []
