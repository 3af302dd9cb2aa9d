"""The house holds its own rules: floors, style, sizes, locks, refusals, texts."""

import ast
import importlib
import pkgutil
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from flask_babel import gettext
from jinja2 import Environment, nodes
from sqlalchemy import inspect

from foundation.db import db
from foundation.errors import Refusal
from tests import databases
from webapp import create_app
from webapp.jobs import JOBS

ROOT = Path(__file__).parent.parent
ROOMS = (
    "foundation", "identity", "ledger", "evidence", "campaigns", "voucher", "merchants", "applications", "settlement",
    "webapp", "demo", "launch",
)  # fmt: skip
TOOLS = Path(sys.executable).parent
LONGEST_FILE, LONGEST_FUNCTION = 400, 70
CHINESE = re.compile(r"[\u4e00-\u9fff]")


def tool(name, *words):
    done = subprocess.run([TOOLS / name, *words], cwd=ROOT, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


@cache
def python_files():
    """Return our Python files; migrations are written by Alembic."""
    files = [*ROOT.glob("*.py")]
    for folder in (*ROOMS, "tests", "migrations"):
        files += (ROOT / folder).rglob("*.py")
    return [file for file in files if "versions" not in file.parts]


@cache
def tree_of(file):
    return ast.parse(file.read_text("utf-8"))


@cache
def templates():
    return [file for room in ROOMS for file in (ROOT / room).rglob("templates/**/*.html")]


def place(file, line=None):
    return f"{file.relative_to(ROOT)}:{line}" if line else str(file.relative_to(ROOT))


# --- tools --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("lint-imports", ()),
        ("ruff", ("check", ".")),
        ("ruff", ("format", "--check", ".")),
        ("mypy", ()),
        ("djlint", ("--lint", "--quiet", *[room for room in ROOMS if (ROOT / room / "templates").exists()])),
    ],
    ids=["floors", "lint", "format", "types", "templates"],
)
def test_the_tools_find_nothing(name, words):
    code, output = tool(name, *words)
    assert code == 0, output


def test_the_import_contract_names_every_room():
    settings = (ROOT / "pyproject.toml").read_text("utf-8")
    code, output = tool("lint-imports", "--no-cache")
    assert code == 0
    assert "3 kept, 0 broken" in output
    for room in ROOMS:
        assert (ROOT / room / "__init__.py").exists()
        assert f'"{room}"' in settings


def test_no_room_imports_another_rooms_doors_schemas_or_jobs():
    """Only the roof gathers them; the demo lives through the same jobs as a real year."""
    private = re.compile(r"\.(?:\w*_pages|\w*_api|\w*_schemas|schemas|jobs|commands)$")
    found = []
    for file in python_files():
        room = file.relative_to(ROOT).parts[0]
        if room in ("webapp", "demo", "tests") or room not in ROOMS:
            continue
        for node in ast.walk(tree_of(file)):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if isinstance(node, ast.ImportFrom):
                names += [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            found += [
                f"{place(file, node.lineno)} imports {name}"
                for name in names
                if private.search(name) and name.split(".")[0] in ROOMS and name.split(".")[0] != room
            ]
    assert found == []


# --- sizes --------------------------------------------------------------------------------------------------


def test_terms_and_words_need_no_web_framework():
    """What a campaign promises can be worked out where nothing is served."""
    files = [file for file in (ROOT / "campaigns" / "terms").rglob("*.py") if file.stem != "__init__"]
    modules = ["foundation.words", *(".".join(file.relative_to(ROOT).with_suffix("").parts) for file in files)]
    program = (
        f"import importlib, sys\nfor name in {modules!r}: importlib.import_module(name)\n"
        "print([name for name in sys.modules if name.startswith('flask')])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stdout + done.stderr


def test_no_file_is_too_long_to_read():
    sources = [*python_files(), *templates()]
    sources += [f for kind in ("css", "js") for f in (ROOT / "webapp/static" / kind).glob(f"*.{kind}")]
    lengths = {place(file): len(file.read_text("utf-8").splitlines()) for file in sources}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_no_function_is_too_long_to_read():
    found = {
        f"{place(file, node.lineno)} {node.name}": node.end_lineno - node.lineno + 1
        for file in python_files()
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: length for name, length in found.items() if length > LONGEST_FUNCTION} == {}


def test_every_module_says_what_it_is():
    silent = [
        place(file)
        for file in python_files()
        if file.relative_to(ROOT).parts[0] in ROOMS and file.read_text("utf-8").strip()
        if ast.get_docstring(tree_of(file)) is None
    ]
    assert silent == []


def test_nothing_is_left_to_be_done():
    marks = re.compile("|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "Not" + "ImplementedError")))
    found = [place(file) for file in [*python_files(), *templates()] if marks.search(file.read_text("utf-8"))]
    assert found == []


# --- locks --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "web/package-lock.json"])
def test_locks_pin_by_hash_and_name_no_host(name):
    text = (ROOT / name).read_text("utf-8")
    assert "://" not in text
    if name.endswith(".json"):
        assert text.count('"integrity": "sha') == text.count('"version"') - text.count('"version": "0')
        return
    for entry in re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", text, flags=re.M).strip()):
        assert re.match(r"[A-Za-z0-9_.\[\]-]+==[^ ]+", entry), entry
        assert "--hash=sha256:" in entry, entry


# --- refusals -----------------------------------------------------------------------------------------------


@cache
def refusals():
    """Return every class of refusal of the product that is raised as itself."""
    for room in ROOMS[:-1]:
        for module in pkgutil.walk_packages([str(ROOT / room)], f"{room}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found, waiting = [], [Refusal]
    while waiting:
        known = waiting.pop()
        waiting += known.__subclasses__()
        if known.__module__.split(".")[0] in ROOMS and "code" in vars(known):
            found.append(known)
    return sorted(set(found), key=lambda refusal: refusal.code)


def test_every_refusal_has_a_code_of_its_own():
    codes = [refusal.code for refusal in refusals()]
    assert len(codes) > 60
    assert sorted(codes) == sorted(set(codes))
    assert [code for code in codes if not re.fullmatch(r"[a-z]+(_[a-z]+)*", code)] == []


def test_every_refusal_says_why_and_belongs_to_a_family():
    for refusal in refusals():
        assert CHINESE.search(refusal.message), refusal
        assert refusal.way_out == "" or CHINESE.search(refusal.way_out), refusal
        if refusal is not Refusal:
            assert issubclass(refusal, Refusal)
            assert len(refusal.__mro__) > 3, f"{refusal} is of no family"


def asked_for(text):
    return set(re.findall(r"%\((\w+)\)s", text))


def raised(name_of):
    """Yield (place, class, names of the parameters) wherever a refusal is made or raised; not where ** hides them."""
    for file in python_files():
        if file.relative_to(ROOT).parts[0] == "tests":
            continue
        for node in ast.walk(tree_of(file)):
            if isinstance(node, ast.Raise) and not isinstance(node.exc, ast.Call):
                made, words = node.exc, []
            elif isinstance(node, ast.Call):
                made, words = node.func, node.keywords
            else:
                continue
            name = getattr(made, "id", None) or getattr(made, "attr", None)
            if name in name_of and None not in {word.arg for word in words}:
                yield place(file, node.lineno), name_of[name], {word.arg for word in words} - {"field"}


def test_every_refusal_is_raised_with_what_its_texts_ask_for():
    name_of = {}
    for refusal in refusals():
        if "__init__" not in vars(refusal):
            name_of.setdefault(refusal.__name__, refusal)
    checked = set()
    for where, refusal, given in raised(name_of):
        needed = asked_for(refusal.message) | asked_for(refusal.way_out)
        assert needed <= given, f"{where}: {refusal.code} needs {sorted(needed - given)}"
        checked.add(refusal)
    assert len(checked) > 50


def test_every_refusal_can_be_told_in_words(sqlite_app):
    with sqlite_app.test_request_context():
        for refusal in refusals():
            params = dict.fromkeys(asked_for(refusal.message) | asked_for(refusal.way_out), "某某")
            texts = [gettext(text, **params) for text in (refusal.message, refusal.way_out) if text]
            assert not [text for text in texts if "%(" in text]


# --- templates ----------------------------------------------------------------------------------------------

INLINE = (
    r"<style\b", r"\sstyle\s*=", r"\son[a-z]+\s*=\s*[\"'{]", r"javascript:",
    r"<script(?![^>]*\b(?:src=|application/json))",
    r"\bhx-on\b", r"\bhx-vals=.js:",
)  # fmt: skip


@pytest.mark.parametrize("pattern", INLINE)
def test_templates_have_nothing_that_the_content_policy_forbids(pattern):
    found = []
    for file in templates():
        text = re.sub(r"\{#.*?#\}", "", file.read_text("utf-8"), flags=re.S)
        found += [f"{place(file)}: {match.group()}" for match in re.finditer(pattern, text, flags=re.I)]
    assert found == []


@cache
def environment():
    return Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"], autoescape=True)


def untranslated(tree):
    """Return the Chinese texts of a template that are in no call of gettext and in no trans block."""
    translated = {
        id(part)
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in ("_", "gettext", "ngettext", "pgettext", "N_")
        for part in call.find_all(nodes.Const)
    }
    texts = [(data.lineno, data.data) for data in tree.find_all(nodes.TemplateData)]
    texts += [
        (const.lineno, const.value)
        for const in tree.find_all(nodes.Const)
        if id(const) not in translated and isinstance(const.value, str)
    ]
    return [(line, text.strip()) for line, text in texts if CHINESE.search(text)]


def test_every_chinese_text_of_a_template_can_be_translated():
    found = [
        f"{place(file, line)}: {text}"
        for file in templates()
        for line, text in untranslated(environment().parse(file.read_text("utf-8")))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("<p>{{ _('领取') }}</p>", []),
        ("{% trans %}领取{% endtrans %}", []),
        ("{# 领取 #}", []),
        ("<p>领取</p>", [(1, "<p>领取</p>")]),
        ("{{ '领取' }}", [(1, "领取")]),
        ("{{ button(label='领取') }}", [(1, "领取")]),
    ],
)
def test_the_search_for_such_texts_finds_them(source, left):
    assert untranslated(environment().parse(source)) == left


def test_every_chinese_text_of_a_door_can_be_translated():
    """Doors speak to people: what they flash or hand to a page goes through gettext."""
    found = []
    for file in python_files():
        if not file.name.endswith(("_pages.py", "_screens.py")) or file.relative_to(ROOT).parts[0] not in ROOMS:
            continue
        tree = tree_of(file)
        fine = {
            id(part)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and getattr(node.func, "id", "") in ("_", "N_", "gettext", "ngettext", "lazy_gettext")
            for part in ast.walk(node)
        }
        fine |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}  # docstrings
        found += [
            f"{place(file, node.lineno)}: {node.value}"
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and CHINESE.search(node.value)
            if id(node) not in fine
        ]
    assert found == []


# --- jobs and tables ----------------------------------------------------------------------------------------


def test_every_job_has_a_name_of_its_own_that_the_record_of_runs_can_hold():
    names = [job.name for job in JOBS]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z_]{1,40}", name) for name in names)


def rules_of(url, make):
    """Return what holds in a database's tables, by table: constraints and indexes with their names and columns."""
    app = create_app(databases.settings_for(url))
    with app.app_context():
        make()
        found = inspect(db.engine)
        rules = {
            table: {
                "checks": sorted(check["name"] for check in found.get_check_constraints(table)),
                "uniques": sorted(tuple(u["column_names"]) for u in found.get_unique_constraints(table)),
                "indexes": sorted((i["name"], bool(i["unique"])) for i in found.get_indexes(table)),
                "foreign keys": sorted(tuple(key["constrained_columns"]) for key in found.get_foreign_keys(table)),
                "key": sorted(found.get_pk_constraint(table)["constrained_columns"]),
            }
            for table in found.get_table_names()
            if table != "alembic_version"
        }
        db.session.remove()
        db.engine.dispose()
    return rules


def test_the_migrations_make_every_rule_of_the_models(database_url):
    def from_models():
        db.session.execute(db.text("DROP TABLE alembic_version"))
        db.session.commit()
        db.drop_all()
        db.create_all()

    migrated = rules_of(database_url, lambda: None)
    assert len(migrated) > 25
    assert rules_of(database_url, from_models) == migrated
