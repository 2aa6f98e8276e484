"""The page of measurements: what it shows of rows, and of goals that are reached, missed and not measured."""

from __future__ import annotations

import json

import pytest

from scripts.performance import Goal, Part, Published, Row, bar, newest_run, page, record, rows_of


def row(name: str, *samples: float, process: int = 7, base: str | None = None, started: int = 0) -> Row:
    return Row(process, 1795910400, 3.2, 2, "answers", "requests/s", base, name, samples, started)


def text(*goals: Goal, rows: tuple[Row, ...] = (row("ours", 90, 100, 130), row("theirs", 40, 50, 60))) -> str:
    return page([Part("api", "What it measures.", rows, goals)])


def test_a_table_has_the_samples_the_ratio_and_bars():
    rows = (row("ours", 90, 100, 130, base="theirs"), row("theirs", 40, 50, 60, base="theirs"))
    table = text(rows=rows).partition("## `api.py`")[2]
    assert "What it measures." in table
    assert "**answers**, requests/s (2026-11-29, 2 processors, load average 3)" in table
    assert "| ours | 90 | 100 | 130 | 2.00 | ████████████████ |" in table
    assert "| theirs | 40 | 50 | 60 | 1.00 | ████████ |" in table


def test_a_goal_that_is_reached_says_so_without_the_reason():
    goal = Goal("speed", "answers", "ours", at_least=100, missed="it is slow")
    assert "| speed | ≥ 100 requests/s | 100 | reached |" in text(goal)


def test_a_goal_that_is_missed_says_so_with_the_reason():
    goal = Goal("speed", "answers", "ours", at_most=1.5, of="theirs", missed="it is slow")
    assert "| speed | ≤ 1.5 times theirs | 2 | **missed**: it is slow |" in text(goal)


def test_no_page_has_a_missed_goal_without_a_reason():
    with pytest.raises(ValueError, match=r"speed is missed \(100 requests/s\), and no reason is given"):
        text(Goal("speed", "answers", "ours", at_least=101))


@pytest.mark.parametrize("goal", [Goal("speed", "answers", "nobody"), Goal("speed", "answers", "ours", of="nobody")])
def test_a_goal_without_rows_is_not_measured(goal):
    assert "| speed | ≥ 0 | not measured | |" in text(goal)


def test_published_results_name_their_source():
    other = Published("another mesh", "300 µs for each request", "https://mesh.example/speed")
    assert "| another mesh | 300 µs for each request | [source](https://mesh.example/speed) |" in page([], [other])
    assert "publish" not in text()


def test_a_part_without_rows_has_no_section():
    assert "api.py" not in text(rows=())


def test_only_the_newest_run_of_a_part_is_recorded():
    rows = [row("ours", 1, process=1), row("ours", 2, process=2), row("theirs", 3, process=2)]
    assert newest_run(rows) == rows[1:]


def test_a_process_of_the_same_id_is_another_run():
    rows = [row("ours", 1, started=50), row("ours", 2, started=90)]
    assert newest_run(rows) == rows[1:]


def test_only_parts_that_were_run_are_recorded(tmp_path):
    new, results = tmp_path / "new", tmp_path / "results"
    new.mkdir()
    for part in ("api", "mesh", "start"):
        (new / f"{part}.jsonl").write_text(json.dumps(row(part, 1)._asdict()) + "\n")
    record(["api", "mesh"], new, results)
    assert {file.stem: [row.name for row in rows_of(file)] for file in results.iterdir()} == {
        "api": ["api"],
        "mesh": ["mesh"],
    }


@pytest.mark.parametrize("other", [{"name": "ours"}, {**row("ours", 1)._asdict(), "host": "a"}], ids=["less", "more"])
def test_rows_of_another_format_are_left_out_and_counted(tmp_path, capsys, other):
    file = tmp_path / "api.jsonl"
    file.write_text(json.dumps(other) + "\n" + json.dumps(row("ours", 2)._asdict()) + "\n")
    assert [row.samples for row in rows_of(file)] == [[2]]
    assert "1 rows are of another format" in capsys.readouterr().err


def test_rows_with_columns_are_one_table():
    rows = [
        row("ours", value, base="theirs")._replace(column=column)
        if name == "ours"
        else row("theirs", value, base="theirs")._replace(column=column)
        for column, name, value in (("2", "ours", 3), ("2", "theirs", 4), ("16", "ours", 10), ("16", "theirs", 5))
    ]
    goal = Goal("speed", "answers", "ours", at_most=0.8, of="theirs", column="2")
    table = text(goal, rows=tuple(rows))
    assert "| | 2 | 16 |\n|---|--:|--:|" in table
    assert "| ours | 3 (0.75x) | 10 (2.00x) |" in table
    assert "| speed | ≤ 0.8 times theirs | 0.75 | reached |" in table


@pytest.mark.parametrize(("share", "blocks"), [(1, "█" * 16), (0.5, "█" * 8), (0.53, "█" * 8 + "▌"), (-1, "")])
def test_a_bar_is_as_long_as_its_share(share, blocks):
    assert bar(share) == blocks
