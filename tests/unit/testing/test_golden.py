"""The golden helper: what it compares, what it writes, what it removes."""

from __future__ import annotations

import pytest

from moyai.testing.golden import Golden, cases


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a.in.yaml").write_text("in")
    (tmp_path / "a.out.yaml").write_text("one\n")
    return tmp_path


def test_expected_output_passes(folder):
    Golden(folder, update=False).check("a", {"out": "one\n"})
    Golden(folder, update=False).check_orphans(cases(folder))


def test_a_difference_is_shown_with_the_command_that_accepts_it(folder):
    with pytest.raises(AssertionError, match=r"(?s)-one.*[+]two.*make golden"):
        Golden(folder, update=False).check("a", {"out": "two\n"})


def test_an_update_writes_outputs_and_removes_old_ones(folder):
    (folder / "a.old.yaml").write_text("")
    (folder / "gone.out.yaml").write_text("")
    golden = Golden(folder, update=True)
    golden.check("a", {"out": "two\n"})
    golden.check_orphans(cases(folder))
    assert sorted(path.name for path in folder.iterdir()) == ["a.in.yaml", "a.out.yaml"]
    assert (folder / "a.out.yaml").read_text() == "two\n"


def test_a_missing_output_of_a_case_is_named(folder):
    (folder / "a.old.yaml").write_text("")
    with pytest.raises(AssertionError, match=r"a\.old\.yaml"):
        Golden(folder, update=False).check("a", {"out": "one\n"})


def test_an_expectation_without_a_case_is_named(folder):
    (folder / "gone.out.yaml").write_text("")
    with pytest.raises(AssertionError, match=r"gone\.out\.yaml"):
        Golden(folder, update=False).check_orphans(cases(folder))
