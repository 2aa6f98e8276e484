"""Names and prose are in the field's words: docs/glossary.md says which, and which are not used."""

from __future__ import annotations

import ast
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator

from tests.shape.tree import ROOT, Module, exceptions, modules, tracked_files

PARTICIPLE = re.compile(
    r"(?!(?:bed|bleed|embed|exceed|feed|need|proceed|red|seed|shed|speed)$)(?:[a-z]+ed"
    r"|begun|broken|built|chosen|done|drawn|driven|fallen|fed|forgotten|found|given|gone|got|grown|heard|held|hidden"
    r"|kept|known|laid|led|left|lent|lost|made|meant|met|paid|said|seen|sent|shown|spent|spoken|taken|taught|told"
    r"|understood|woven|written)"
)
"""A name that is one participle and nothing else."""
METAPHORS = re.compile(
    r"\b(attendants?|bells?|doorbells?|doors?|fabrics?|figures?|guests?|houses?|janitors?|keepers?|rooms|tally|tallies"
    r"|unravel|weavers?|weave)\b",
    re.IGNORECASE,
)
PROSE = re.compile(
    r"(src/moyai|tests|bench|scripts|examples)/.*\.py|web/(src|test)/.*\.tsx?|(docs|examples|changelog\.d)/.*\.md"
    r"|[A-Za-z.]+\.md"
)
RIDDLE = re.compile(
    r"test_(what|who|whose|whom|whatever|whoever|it|they)_\w+|test_\w*_(told|said|nobody|somebody)(_\w+)?"
)
"""A test's name that does not say what is tested."""
UNSPOKEN = re.compile(
    r"asked|begun|both|found|given|gone|got|heard|held|it|kept|known|led|lost|made|meant|named|one|said|shown|taken|thing"
    r"|told|what|who|whose"
)
"""Names of variables that do not say what they hold."""
SPAN = 3
"""Lines in which such a name may be used."""
SHORT = 3
"""Words of a docstring that can hardly say more than the name above it does."""

NEWEST = 30
SUBJECT = re.compile(r"[a-z0-9_.][\w./{},* -]*: [a-z].*")


def definitions(module: Module) -> Iterator[ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef]:
    """The public classes, functions and methods of a module."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node


def words(name: str) -> list[str]:
    """The words of a name in snake or camel case, in lower case."""
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)]


def variables(function: ast.FunctionDef | ast.AsyncFunctionDef) -> dict[str, list[int]]:
    """The parameters and variables of a function, with the lines that name them."""
    lines = defaultdict(list)
    assigned = {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}
    for node in _own_nodes(function):
        if isinstance(node, ast.Name):
            lines[node.id].append(node.lineno)
            if isinstance(node.ctx, ast.Store):
                assigned.add(node.id)
        elif isinstance(node, ast.arg):
            lines[node.arg].append(node.lineno)
    return {name: lines[name] for name in assigned}


def _own_nodes(function: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(function):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield from _own_nodes(child)


def is_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a method reads as an attribute, which may well be an adjective."""
    return any(ast.unparse(decorator).endswith("property") for decorator in node.decorator_list)


def test_no_public_function_is_named_by_a_bare_participle():
    offenders = [
        f"{module.path}:{node.lineno}: {node.name}"
        for module in modules("src", "tests")
        for node in definitions(module)
        if not isinstance(node, ast.ClassDef) and PARTICIPLE.fullmatch(node.name) and not is_property(node)
    ]
    assert offenders == []


def test_a_class_name_means_one_thing():
    # AWS's services share names of errors and requests; the mesh's intermediate form has Envoy's and App Mesh's nouns.
    places = defaultdict(list)
    for module in modules("src"):
        if "/mesh/ir/" in module.path or module.path.endswith("errors.py"):
            continue
        for node in definitions(module):
            if isinstance(node, ast.ClassDef) and not ("/api/" in module.path and node.name.endswith("Request")):
                places[node.name].append(module.path)
    allowed = exceptions("class_names")
    repeated = {name: found for name, found in places.items() if len(found) > allowed.get(name, 1)}
    assert repeated == {}
    assert [name for name in allowed if len(places[name]) != allowed[name]] == []


def test_no_prose_has_a_metaphor_of_the_glossary():
    allowed = exceptions("metaphors")
    lines_by_path = defaultdict(list)
    for path in tracked_files():
        if PROSE.fullmatch(path):
            for number, line in enumerate((ROOT / path).read_text().splitlines(), start=1):
                if METAPHORS.search(line):
                    lines_by_path[path].append(f"{path}:{number}: {line.strip()[:120]}")
    assert [line for path, lines in lines_by_path.items() if len(lines) > allowed.get(path, 0) for line in lines] == []


def test_no_name_has_a_metaphor_of_the_glossary():
    offenders = [
        f"{module.path}:{node.lineno}: {node.name}"
        for module in modules("src", "tests")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and any(METAPHORS.fullmatch(word) for word in words(node.name))
    ]
    assert offenders == []


def test_each_variable_says_what_it_holds():
    unspoken = [
        f"{module.path}:{function.lineno}: {name} in {function.name}"
        for module in modules("src", "tests", "bench", "scripts", "examples")
        for function in ast.walk(module.tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for name, lines in variables(function).items()
        if UNSPOKEN.fullmatch(name.strip("_")) and max(lines) - min(lines) >= SPAN
    ]
    assert unspoken == []


def test_each_test_name_says_what_is_tested():
    riddles = [
        f"{module.path}:{node.lineno}: {node.name}"
        for module in modules("tests")
        for node in definitions(module)
        if RIDDLE.fullmatch(node.name)
    ]
    assert riddles == []


def test_no_docstring_only_repeats_the_name():
    repeating = [
        f"{module.path}:{node.lineno}: {node.name}: {docstring}"
        for module in modules("src", "tests")
        for node in definitions(module)
        if (docstring := ast.get_docstring(node)) is not None
        and len(docstring.split()) <= SHORT
        and {word.rstrip("s") for word in words(docstring)} - {"the", "a", "it", "of"}
        <= {word.rstrip("s") for word in words(node.name)}
    ]
    assert repeating == []


def test_only_requests_of_the_api_have_no_docstring():
    """ruff's D101 is off in these modules, because a request says no more than its operation does."""
    undocumented = [
        f"{module.path}:{node.lineno}: {node.name}"
        for module in modules("src")
        for node in definitions(module)
        if "/api/" in module.path and isinstance(node, ast.ClassDef) and not node.name.endswith("Request")
        if ast.get_docstring(node) is None
    ]
    assert undocumented == []


def test_the_newest_commits_say_package_verb_object():
    command = ["git", "log", f"-{NEWEST}", "--no-merges", "--format=%s"]
    log = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    wrong = [s for s in log.stdout.splitlines() if len(s) > 72 or not SUBJECT.fullmatch(s)]
    assert wrong == []
