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
    r"\b(attendants?|bells?|doorbells?|doors?|janitors?|keepers?|rooms|tally|tallies|unravel|weavers?|weave)\b",
    re.IGNORECASE,
)
PROSE = re.compile(r"(src/moyai|tests|bench|scripts|examples)/.*\.py|docs/(guide|reference)/.*\.md|[A-Z]+\.md")
RIDDLE = re.compile(
    r"test_(what|who|whose|whom|whatever|whoever|it|they)_\w+|test_\w*_(told|said|nobody|somebody)(_\w+)?"
)
"""A test's name that does not say what is tested."""
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


def is_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether a method reads as an attribute, which may well be an adjective."""
    return any(ast.unparse(decorator).endswith("property") for decorator in node.decorator_list)


def test_no_public_function_is_named_by_a_bare_participle():
    named = [
        f"{module.path}:{node.lineno}: {node.name}"
        for module in modules("src", "tests")
        for node in definitions(module)
        if not isinstance(node, ast.ClassDef) and PARTICIPLE.fullmatch(node.name) and not is_property(node)
    ]
    assert named == []


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
    found = defaultdict(list)
    for path in tracked_files():
        if PROSE.fullmatch(path):
            for number, line in enumerate((ROOT / path).read_text().splitlines(), start=1):
                if METAPHORS.search(line):
                    found[path].append(f"{path}:{number}: {line.strip()[:120]}")
    assert [line for path, lines in found.items() if len(lines) > allowed.get(path, 0) for line in lines] == []


def test_no_name_has_a_metaphor_of_the_glossary():
    named = [
        f"{module.path}:{node.lineno}: {node.name}"
        for module in modules("src", "tests")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and any(METAPHORS.fullmatch(word) for word in words(node.name))
    ]
    assert named == []


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
