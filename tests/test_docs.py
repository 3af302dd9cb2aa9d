"""The documents say what is true of the code: every name in them exists, and nothing they should name is missing."""

import ast
import importlib
import pkgutil
import re
import shlex
import shutil
import sys
import tomllib
from functools import cache
from pathlib import Path

import click
import pytest
from flask_migrate.cli import db as migration_commands
from marshmallow import fields
from werkzeug.exceptions import HTTPException

import campaigns.terms
from bench import __main__ as bench
from campaigns.campaign_file import (
    _AmendmentSchema,
    _CampaignSchema,
    _OfferSchema,
    _PackContentSchema,
    _PackSchema,
    _PeopleSchema,
    _ReleaseSchema,
    _RoundSchema,
    _SourceSchema,
    check,
)
from campaigns.sale_file import SaleSchema, _CarSchema, _GoodsSchema, _PricesSchema
from campaigns.terms.article import ArticleSchema, PriceCheckSchema
from campaigns.terms.axis import strategies
from campaigns.terms.benefit.price_tiers import BonusSchema
from campaigns.terms.discount_limits import DiscountLimitSchema
from campaigns.terms.geofence import GeofenceSchema
from campaigns.terms.gifts import GiftSchema
from campaigns.terms.portions import DailySchema
from campaigns.terms.price_table import FloatingSchema, TierSchema
from campaigns.terms.settlement import SettlementSchema
from campaigns.terms.sold import SoldSchema
from demo.__main__ import cli as demo_commands
from demo.definition import document
from launch import commands as launcher
from tests.documents import ROOT, command_lines, inline_code, text_of
from webapp.commands import COMMANDS
from webapp.jobs import JOBS

ROOMS = (
    "foundation", "identity", "ledger", "evidence", "campaigns", "voucher", "merchants", "applications", "settlement",
    "webapp", "demo", "launch",
)  # fmt: skip
DOCUMENTS = (
    "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/bench.md", "docs/campaign-file.md",
    "docs/deploy.md", "docs/faults.md", "docs/glossary.md", "docs/invariants.md", "docs/lottery.md", "docs/scaling.md",
    "docs/seals.md",
    "examples/README.md",
)  # fmt: skip
CAMPAIGN_FILE, DEPLOY = "docs/campaign-file.md", "docs/deploy.md"
EXAMPLE = ROOT / "examples" / "yangjiang-2023.toml"

#: Made by set-up or by the demo, so not there in a fresh clone.
MADE = (".venv", "var/", "webapp/static/vendor/", "webapp/translations", "requirements")
#: Read by tools that we start, not by us.
TOOLS_VARIABLES = {"PIP_INDEX_URL", "NPM_CONFIG_REGISTRY", "HTTPS_PROXY"}
PLACEHOLDER = re.compile(r"[<>*{}…$]|\b[A-Z]{4,}(?:_[A-Z]+)*\b")


@cache
def sources():
    """Return file → text of everything that is ours to name things in."""
    kinds = (".py", ".toml", ".sh", ".json", ".html", ".js", ".cfg")
    files = [path for room in (*ROOMS, "tests", "migrations", "web") for path in (ROOT / room).rglob("*")]
    files += [*ROOT.glob("*.*"), ROOT / ".ci" / "run"]
    vendored = ROOT / "webapp" / "static" / "vendor"
    return {
        path: path.read_text(encoding="utf-8")
        for path in files
        if path.is_file() and (path.suffix in kinds or path.name == "run") and not path.is_relative_to(vendored)
    }


@cache
def code():
    """Return the text of the product's code."""
    return "\n".join(text for path, text in sources().items() if path.relative_to(ROOT).parts[0] in ROOMS)


# --- names ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_link_and_picture_leads_somewhere(name):
    here = (ROOT / name).parent
    targets = re.findall(r"\]\(([^)#]+)\)", text_of(name))
    assert [target for target in targets if "://" not in target and not (here / target).exists()] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_file_that_is_named_exists(name):
    missing = []
    for word in inline_code(text_of(name)):
        looks_like_a_path = re.fullmatch(r"[\w.-]+(/[\w.-]+)*/?", word) and (
            "/" in word or re.search(r"\.(py|toml|md|lock|cfg|html|png|js)$", word)
        )
        if not looks_like_a_path or word.startswith(MADE):
            continue
        somewhere = "/" not in word and any(path.name == word for path in sources())
        if not (somewhere or (ROOT / word).exists() or (ROOT / "web" / word).exists()):
            missing.append(word)
    assert missing == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_module_and_function_that_is_named_exists(name):
    unknown = []
    for word in inline_code(text_of(name)):
        word = word.removesuffix("()")
        parts = word.split(".")
        is_file = parts[-1] in ("py", "toml", "md", "html")
        if parts[0] not in ROOMS or len(parts) < 2 or is_file or not word.replace(".", "").isidentifier():
            continue
        if not resolves(parts):
            unknown.append(word)
    assert unknown == []


def resolves(parts):
    """Return whether a dotted name is a module, or something in one."""
    for length in range(len(parts), 0, -1):
        try:
            thing = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for attribute in parts[length:]:
            thing = getattr(thing, attribute, None)
        return thing is not None
    return False


@pytest.mark.parametrize("name", ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", CAMPAIGN_FILE, DEPLOY])
def test_every_address_that_is_named_is_one_of_ours(sqlite_app, name):
    adapter = sqlite_app.url_map.bind("localhost")
    unknown = []
    for word in inline_code(text_of(name)):
        if not re.fullmatch(r"/[\w/-]*", word):
            continue
        try:
            adapter.match(word)
        except HTTPException as problem:
            below = any(rule.rule.startswith(f"{word}/") for rule in sqlite_app.url_map.iter_rules())
            if problem.code == 404 and not below:
                unknown.append(word)
    assert unknown == []


# --- commands -------------------------------------------------------------------------------------------------


def wrong_with(line):
    """Return what is wrong with a command line, or None."""
    words = shlex.split(line)
    program = Path(words[0]).name
    if words[:2] == ["python3", "manage.py"]:
        return wrong_with_launcher(words[2:])
    if program.startswith("python"):
        return wrong_with_module(words[1:])
    if not shutil.which(program, path=str(Path(sys.executable).parent)):
        return f"there is no {program}"
    return wrong_with_click(flask_group(), words[1:]) if program == "flask" else None


def wrong_with_launcher(words):
    if words[:1] == ["test"]:
        return None
    if words[:1] == ["bench"]:
        wanted = bench.parser().parse_args(words[1:]).benches
        return next((f"there is no bench {name}" for name in wanted if name not in bench.BENCHES), None)
    known = launcher._parser()._subparsers._group_actions[0].choices
    if words[0] not in known:
        return f"manage.py has no {words[0]}"
    options = known[words[0]]._option_string_actions
    return next((f"no option {word}" for word in words[1:] if word.startswith("--") and word not in options), None)


def wrong_with_module(words):
    if words[0] != "-m":
        return None
    if words[1] == "demo" and words[2:]:
        return wrong_with_click(demo_commands, words[2:])
    return None if resolves(words[1].split(".")) else f"no module {words[1]}"


def flask_group():
    return click.Group("flask", {group.name: group for group in (*COMMANDS, migration_commands)})


def wrong_with_click(group, words):
    command = group
    while isinstance(command, click.Group) and words:
        name, *words = words
        if PLACEHOLDER.search(name):
            return None
        command = command.commands.get(name)
        if command is None:
            return f"no command {name}"
    known = {option for parameter in getattr(command, "params", ()) for option in parameter.opts}
    return next((f"no option {word}" for word in words if word.startswith("-") and word not in known), None)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_that_is_named_exists(name):
    faults = {line: fault for line in command_lines(text_of(name)) if (fault := wrong_with(line))}
    assert faults == {}


def test_the_launchers_options_are_in_the_readme():
    demo = launcher._parser()._subparsers._group_actions[0].choices["demo"]
    options = [option for option in demo._option_string_actions if option.startswith("--") and option != "--help"]
    assert [option for option in options if f"`{option}" not in text_of("README.md")] == []


def test_every_command_of_ours_is_documented():
    documented = "\n".join(line for name in DOCUMENTS for line in command_lines(text_of(name)))
    ours = [f"flask {group.name} {name}" for group in COMMANDS for name in group.commands]
    assert [command for command in ours if command not in documented] == []


# --- environment ----------------------------------------------------------------------------------------------


def variables_read(path):
    """Return the environment variables that a file reads, as far as their names are written in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Call):
            reads = ast.unparse(node.func) in ("os.environ.get", "os.environ.pop", "os.getenv", "env.get")
            helper = bool(node.args) and ast.unparse(node.args[0]) == "env"
            names = node.args[:1] if reads else node.args[1:2] if helper else []
        elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
            names = [node.slice]
        elif isinstance(node, ast.Compare) and "os.environ" in map(ast.unparse, node.comparators):
            names = [node.left]
        found |= {name.value for name in names if isinstance(name, ast.Constant) and isinstance(name.value, str)}
    return found


def variables_named(text):
    return {word.partition("=")[0] for word in inline_code(text) if re.fullmatch(r"[A-Z]+(_[A-Z]+)+(=\S*)?", word)}


def product_variables():
    files = [path for path in sources() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in ROOMS[:-1]]
    return set().union(*(variables_read(path) for path in [*files, ROOT / "gunicorn.conf.py"]))


def test_every_variable_that_the_product_reads_is_in_the_deployment_guide():
    read = product_variables()
    assert {"DATABASE_URL", "SECRET_KEY", "DATA_KEY", "INDEX_KEY", "BIND", "TRUSTED_PROXIES"} <= read
    rows = set(re.findall(r"^\| `([A-Z_]+)` \|", text_of(DEPLOY), flags=re.M))
    assert read - rows == set()


def test_every_variable_that_the_tests_read_is_in_the_contributors_guide():
    read = set().union(*(variables_read(path) for path in (ROOT / "tests").rglob("*.py"))) - product_variables()
    assert {name for name in read if name != "PATH"} - variables_named(text_of("CONTRIBUTING.md")) == set()


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", DEPLOY])
def test_every_variable_that_is_named_is_read(name):
    everything = "\n".join(sources().values())
    named = variables_named(text_of(name)) - TOOLS_VARIABLES
    assert {variable for variable in named if not re.search(rf"\b{variable}\b", everything)} == set()


# --- the campaign file ----------------------------------------------------------------------------------------


def keys_documented(heading):
    """Return key → (type, default) of the table under a heading of the guide to campaign files."""
    found = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", text_of(CAMPAIGN_FILE), flags=re.M | re.S)
    assert found, f"docs/campaign-file.md has no heading {heading}"
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \|", found.group(1), flags=re.M)
    return {key: (kind, default) for key, kind, default in rows}


def keys_of(schema):
    """Return key → field of a schema, by the key's name in files."""
    return {field.data_key or name: field for name, field in schema.fields.items()}


TABLES = {
    "`[campaign]`": _CampaignSchema,
    "`[[sources]]`": _SourceSchema,
    "`[amendment]`": _AmendmentSchema,
    "`[[offers]]`": _OfferSchema,
    "`[people]`": _PeopleSchema,
    "`[[discount_limits]]`": DiscountLimitSchema,
    "`[settlement]`": SettlementSchema,
    "`[[packs]]`": _PackSchema,
    "`article`": ArticleSchema,
    "`price_check`": PriceCheckSchema,
    "`contents`": _PackContentSchema,
    "`[[rounds]]`": _RoundSchema,
    "`releases`": _ReleaseSchema,
    "`tiers`": TierSchema,
    "`gifts`": GiftSchema,
    "`floating`": FloatingSchema,
    "`bonuses`": BonusSchema,
    "`geofence`": GeofenceSchema,
    "`daily`": DailySchema,
    "`sold`": SoldSchema,
}
AXES = sorted(info.name for info in pkgutil.iter_modules(campaigns.terms.__path__) if info.ispkg)
STRATEGIES = {
    f"`{axis}`: `{kind}`": schema for axis in AXES for kind, schema in strategies(f"campaigns.terms.{axis}").items()
}


@pytest.mark.parametrize("heading", [*TABLES, *STRATEGIES])
def test_the_keys_of_campaign_files_are_documented_and_no_others(heading):
    schema = TABLES[heading]() if heading in TABLES else STRATEGIES[heading]
    documented, fields_by_key = keys_documented(heading), keys_of(schema)
    assert set(documented) == set(fields_by_key)
    for key, field in fields_by_key.items():
        assert documented[key][1].startswith("required") == (field.required or key == "county"), key
        if isinstance(field.load_default, str) and field.load_default:
            assert field.load_default in documented[key][1], key


def test_the_keys_of_sale_files_are_documented_and_no_others():
    documented = keys_documented("Quote: what is it worth, and why not")
    nested = (_GoodsSchema, _CarSchema, _PricesSchema)
    known = {key for schema in (SaleSchema, *nested) for key in keys_of(schema())}
    assert set(documented) == known


@pytest.mark.parametrize("schema", [*(table() for table in TABLES.values()), *STRATEGIES.values()])
def test_the_words_that_a_key_allows_are_documented(schema):
    for key, field in keys_of(schema).items():
        inner = field.inner if isinstance(field, fields.List) else field
        for word in getattr(getattr(inner, "validate", None), "choices", ()):
            assert f"`{word}`" in text_of(CAMPAIGN_FILE), f"{key}: {word}"


def example_in_the_guide():
    return re.search(r"```toml\n(.*?)```", text_of(CAMPAIGN_FILE), flags=re.S).group(1)


def test_the_example_in_the_guide_has_no_fault_and_shows_every_table():
    assert check(example_in_the_guide()).rounds
    assert set(tomllib.loads(example_in_the_guide())) == {"campaign", "sources", "offers", "rounds"}


@pytest.mark.parametrize("key", ["notice", "note", "scope", "issuance"])
def test_what_the_guide_calls_optional_may_be_left_out(key):
    shorter = re.sub(rf"^{key} = .*\n", "", example_in_the_guide(), flags=re.M)
    assert shorter != example_in_the_guide()
    assert check(shorter).offers[0].terms.scope.check is not None


def test_the_example_is_the_campaign_of_the_demo():
    assert EXAMPLE.read_text(encoding="utf-8") == document()
    assert check(EXAMPLE.read_text(encoding="utf-8")).code == "yangjiang-2023"


# --- words and tables -----------------------------------------------------------------------------------------


def test_every_identifier_of_the_glossary_is_in_the_code():
    rows = re.findall(r"^\|([^|]+)\|([^|]+)\|([^|]+)\|$", text_of("docs/glossary.md"), flags=re.M)
    identifiers = {name for _, _, column in rows for name in re.findall(r"`([^`]+)`", column)}
    assert len(identifiers) > 100
    rare = identifiers - set(re.findall(r"\w+", code()))  # of several words, or missing
    assert {name for name in rare if not re.search(rf"\b{re.escape(name)}\b", code())} == set()


def test_every_row_of_the_glossary_has_an_identifier():
    rows = re.findall(r"^\|(?! 中文)(?!-)([^|]+)\|([^|]+)\|([^|]+)\|$", text_of("docs/glossary.md"), flags=re.M)
    assert [chinese.strip() for chinese, _, column in rows if "`" not in column] == []


def test_every_job_is_in_the_deployment_guide():
    rows = re.findall(r"^\| `(\w+)` \| (?:every \w+|\d\d:\d\d) \|", text_of(DEPLOY), flags=re.M)
    assert rows == [job.name for job in JOBS]


def test_every_room_is_in_the_readme_and_in_the_architecture():
    assert [room for room in ROOMS if f"`{room}/`" not in text_of("README.md")] == []
    assert [room for room in ROOMS if not re.search(rf"^\*\*{room}\*\* ", text_of("ARCHITECTURE.md"), re.M)] == []
