"""docs/invariants.md names the tests that would falsify each invariant, docs/faults.md those of each fault; here they
are looked for."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENT, FAULTS = "docs/invariants.md", "docs/faults.md"
#: A test as pytest names it, without its parameters.
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
ROW = re.compile(r"^\| (I\d+) \|(.*)\|(.*)\|(.*)\|$", re.M)
COUNT = 23


@cache
def names_in(file):
    """Return the names of the tests in a file."""
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def rows():
    return {number: columns for number, *columns in ROW.findall((ROOT / DOCUMENT).read_text("utf-8"))}


def named():
    return [found for document in (DOCUMENT, FAULTS) for found in NAMED.findall((ROOT / document).read_text("utf-8"))]


def test_every_test_of_a_fault_is_in_the_table_of_faults():
    table = set(NAMED.findall((ROOT / FAULTS).read_text("utf-8")))
    files = [file for file in (ROOT / "tests" / "faults").glob("test_*.py") if file.name != "test_machines.py"]
    ours = {(place, name) for place in (f"tests/faults/{file.name}" for file in files) for name in names_in(place)}
    tests = {(place, name) for place, name in ours if name.startswith("test_")}
    assert len(tests) > 12
    assert tests - table - {("tests/faults/test_links.py", "test_every_wait_for_the_database_has_an_end")} == set()


def test_all_invariants_have_a_row_with_a_mechanism_and_a_test():
    assert list(rows()) == [f"I{number}" for number in range(1, COUNT + 1)]
    for number, (what, how, tests) in rows().items():
        assert len(what.strip()) > 20, number
        assert len(how.strip()) > 20, number
        assert NAMED.search(tests), number


@pytest.mark.parametrize(("file", "test"), sorted(set(named())))
def test_every_test_that_is_named_exists(file, test):
    assert (ROOT / file).exists(), file
    assert test in names_in(file), f"{file} has no {test}"
