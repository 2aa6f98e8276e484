"""Small functions, short files, few parameters; an exception is a line in exceptions.toml, with its reason."""

from __future__ import annotations

from tests.shape.tree import beyond, exceptions, functions, modules

SOURCE = ("src", "examples", "scripts")
EVERYTHING = (*SOURCE, "tests")

FUNCTION_LINES, FUNCTION_LINES_EVER = 40, 70
FILE_LINES, FILE_LINES_EVER = 300, 500
PARAMETERS = 6


def test_functions_are_short():
    measured = {function.place: function.lines for module in modules(*SOURCE) for function in functions(module)}
    assert beyond("functions", measured, FUNCTION_LINES) == []


def test_files_are_short():
    measured = {module.path: len(module.text.splitlines()) for module in modules(*SOURCE)}
    assert beyond("files", measured, FILE_LINES) == []


def test_functions_have_few_parameters():
    measured = {function.place: function.parameters for module in modules(*SOURCE) for function in functions(module)}
    assert beyond("parameters", measured, PARAMETERS) == []


def test_nothing_exceeds_the_limits_of_exceptions():
    large_functions = {
        function.place: function.lines
        for module in modules(*EVERYTHING)
        for function in functions(module)
        if function.lines > FUNCTION_LINES_EVER
    }
    large_files = {
        module.path: lines
        for module in modules(*EVERYTHING)
        if (lines := len(module.text.splitlines())) > FILE_LINES_EVER
    }
    assert large_functions | large_files == {}
    assert all(limit <= FUNCTION_LINES_EVER for limit in exceptions("functions").values())
    assert all(limit <= FILE_LINES_EVER for limit in exceptions("files").values())
