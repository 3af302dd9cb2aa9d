"""docs/invariants.md names for each invariant the tests that would falsify it; here they are looked for."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENT = "docs/invariants.md"
#: A test as pytest names it, without its parameters.
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")
ROW = re.compile(r"^\| (I\d+) \|(.*)\|(.*)\|(.*)\|$", re.M)
COUNT = 22


@cache
def names_in(file):
    """Return the names of the tests in a file."""
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def rows():
    return {number: columns for number, *columns in ROW.findall((ROOT / DOCUMENT).read_text("utf-8"))}


def named():
    return NAMED.findall((ROOT / DOCUMENT).read_text("utf-8"))


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
