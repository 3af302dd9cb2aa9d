"""What the form shows: inputs, groups and rows, made from schemas, what was typed, and faults.

A field says its Chinese name and a hint in its ``metadata`` (``said`` of ``file_fields.py``); its name in
``campaigns/comparison.py`` is taken where it has none. Which input fits a field is read off the field.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from marshmallow import Schema, fields, missing

from campaigns.campaign_file import Fault
from campaigns.comparison import NAMES
from campaigns.form import typed as texts
from campaigns.form.typed import Typed
from campaigns.places import counties
from campaigns.terms.axis import StrategyField
from campaigns.terms.file_fields import Code, Count, County, Flag, Moment, Share, Text, Yuan

#: A row of at most so many single inputs is one line of a table.
MOST_IN_A_LINE = 4
#: Longer than that is written in several lines, and more than a few words has a line of its own.
LONG_TEXT = 1_000
FEW_WORDS = 100
#: Lists of rows longer than that begin folded.
MOST_UNFOLDED = 3


@dataclass
class Node:
    """One part of the form.

    shape: "text", "area", "moment", "choice", "flag", "checks", "hidden", "group", "strategy", "lines", "pairs" or
    "rows". place: as faults have it, and the name of the input. number: of a row, from 1. hint: what to put there.
    takes: what any field of its kind takes. options: (value, name) of a choice. refers: whose codes are suggested.
    standard: what counts where nothing is written. faults: what is wrong with exactly this part.
    """

    shape: str
    place: str
    name: str
    hint: str = ""
    takes: str = ""
    value: Any = ""
    options: Sequence[tuple[str, str]] = ()
    refers: str = ""
    required: bool = False
    standard: str = ""
    longest: int = 0
    number: int = 0
    children: "list[Node]" = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    folded: bool = False

    @property
    def id(self) -> str:
        """A name that stylesheets and links can say."""
        return "f-" + re.sub(r"[^a-z0-9_]+", "-", self.place.lower()).strip("-")

    @property
    def is_wide(self) -> bool:
        return self.shape in ("area", "checks") or self.longest > FEW_WORDS

    @property
    def caption(self) -> str:
        """What tells a row from its neighbours: its name, its code, or what it refers to."""
        known = {child.place.rpartition(".")[2]: child.value for child in self.children if isinstance(child.value, str)}
        named = " ".join(known[key] for key in ("name", "code", "offer", "prices") if known.get(key))
        first = self.children[0] if self.children else self
        return named or (dict(first.options).get(first.value, "") if self.shape == "strategy" else "")

    def all(self) -> "Iterator[Node]":
        """Yield this part and all within it."""
        yield self
        for child in self.children:
            yield from child.all()

    @property
    def is_faulty(self) -> bool:
        return any(node.faults for node in self.all())


@dataclass(frozen=True)
class Context:
    """What the inputs of one form have in common. city: whose counties there are to choose from."""

    city: str


@dataclass(frozen=True)
class Form:
    """sections: the parts of a whole file. faults: each with the part that it is shown at, None where it is about the
    whole."""

    sections: Sequence[Node]
    faults: Sequence[tuple[Fault, Node | None]]


def form(schema: Schema, typed: Typed, faults: Iterable[Fault], *, order: Sequence[str]) -> Form:
    """Return what is shown: the parts of ``order`` first, then whatever else the schema has."""
    context = Context(city=str(typed.get("campaign", {}).get("city", "")))
    known = texts.keys_of(schema)
    keys = [*(key for key in order if key in known), *(key for key in known if key not in order)]
    made = [_node(known[key], key, typed.get(key), context) for key in keys]
    return Form(made, _attach(made, faults))


def _attach(made: Sequence[Node], faults: Iterable[Fault]) -> list[tuple[Fault, Node | None]]:
    """Put each fault at the part that it names, else at the nearest one around that."""
    attached: list[tuple[Fault, Node | None]] = []
    by_place = {node.place: node for top in made for node in top.all()}
    for top in made:
        for node in top.all():
            if node.shape == "pairs":
                # A fault inside a table of values names the key, not the number of the row.
                by_place |= {f"{node.place}.{row.children[0].value}": row.children[1] for row in node.children}
    for fault in faults:
        place = fault.place
        while place and place not in by_place:
            place = place[: max(place.rfind("."), place.rfind("["), 0)]
        at = by_place.get(place)
        if at is not None:
            at.faults.append(fault.message)
        attached.append((fault, at))
    for top in made:
        for node in top.all():
            node.folded = node.folded and not node.is_faulty
    return attached


def _node(item: fields.Field[Any], place: str, typed: Any, context: Context) -> Node:
    row = texts.rows_of(item)
    if isinstance(item, StrategyField):
        return _strategy(item, place, typed, context)
    if isinstance(item, fields.Nested):
        folded = not item.required and texts.says_nothing(item.schema, typed)
        return _made(item, "group", place, children=_children(item.schema, place, typed, context), folded=folded)
    if row is not None:
        rows = [_row(row, f"{place}[{number}]", one, context, number) for number, one in enumerate(typed or (), 1)]
        in_lines = isinstance(row, fields.Nested) and _fits_a_line(row.schema)
        for one in rows:
            one.folded = not in_lines and len(rows) > MOST_UNFOLDED
        return _made(item, "lines" if in_lines else "rows", place, children=rows)
    if texts.is_mapping(item):
        pairs = [_pair(item, f"{place}[{number}]", one, number, context) for number, one in enumerate(typed or (), 1)]
        return _made(item, "pairs", place, children=pairs)
    if texts.is_values(item):
        return _values(item, place, list(typed or ()), context)
    return _input(item, place, str(typed or ""), context)


def _children(schema: Schema, place: str, typed: Typed | None, context: Context) -> list[Node]:
    known = texts.keys_of(schema).items()
    return [_node(item, f"{place}.{key}", (typed or {}).get(key), context) for key, item in known]


def _strategy(item: StrategyField, place: str, typed: Typed | None, context: Context) -> Node:
    """Return a choice of strategies and the fields of the chosen one; a strategy without alternative is not asked."""
    known = texts.axis_of(item)
    kind = (typed or {}).get("kind", "") or item.default_kind or ""
    options = [(name, schema.label or name) for name, schema in known.items()]
    if kind not in known:
        options.insert(0, (kind, kind))
    children = _children(known[kind], place, typed, context) if kind in known else []
    hint = known[kind].hint if kind in known else ""
    shape = "hidden" if len(options) == 1 else "choice"
    chosen = Node(shape, f"{place}.kind", "方式", hint, value=kind, options=options, required=True)
    return _made(item, "strategy", place, children=[chosen, *children])


def _row(item: fields.Nested | StrategyField, place: str, typed: Typed, context: Context, number: int) -> Node:
    made = _node(item, place, typed, context)
    made.number = number
    return made


def _pair(item: fields.Field[Any], place: str, typed: Mapping[str, str], number: int, context: Context) -> Node:
    key_field, value_field = item.key_field, item.value_field  # type: ignore[attr-defined]
    refers = item.metadata.get("refers", "")
    key = _input(key_field, f"{place}.key", typed["key"], context)
    key.refers, key.name = refers, item.metadata.get("key", "项目")
    value = _input(value_field, f"{place}.value", typed["value"], context)
    value.name = item.metadata.get("value", "数值")
    return Node("group", place, "", number=number, children=[key, value])


def _values(item: fields.Field[Any], place: str, typed: list[str], context: Context) -> Node:
    inner = item.inner  # type: ignore[attr-defined]
    options = _options(inner, context)
    if not options:
        return _made(item, "text", place, value="、".join(typed), refers=inner.metadata.get("refers", ""))
    named = dict(options)
    order = list(named)
    # The order of the file is kept where it is not the order of the choices.
    if [one for one in order if one in typed] != typed:
        order = [*typed, *(one for one in order if one not in typed)]
    return _made(item, "checks", place, value=typed, options=[(one, named.get(one, one)) for one in order])


def _input(item: fields.Field[Any], place: str, typed: str, context: Context) -> Node:
    options = list(_options(item, context))
    if options and not item.required and "" not in dict(options) and not _standard(item):
        options.insert(0, ("", "不限" if isinstance(item, County) else "无"))
    if options:
        if typed not in dict(options):
            options.insert(0, (typed, typed or "请选择"))
        return _made(item, "choice", place, value=typed, options=options, standard=_standard(item))
    longest = getattr(item, "longest", 0)
    shape = "text"
    if isinstance(item, Flag | fields.Boolean):
        shape = "flag"
    elif isinstance(item, Moment) and (not typed or _fits_a_clock(typed)):
        shape = "moment"
    elif longest > LONG_TEXT or "\n" in typed:
        shape = "area"
    refers = item.metadata.get("refers", "")
    return _made(item, shape, place, value=typed, longest=longest, refers=refers, standard=_standard(item))


def _made(item: fields.Field[Any], shape: str, place: str, **more: Any) -> Node:
    """Return a part with the name and the hint of its field."""
    key = re.sub(r"\[[0-9]+\]$", "", place).rpartition(".")[2]
    name = item.metadata.get("label") or NAMES.get(key, key)
    hint = item.metadata.get("hint", "")
    return Node(shape, place, name, hint, _taken_by(item), required=bool(item.required), **more)


def _taken_by(item: fields.Field[Any]) -> str:
    kinds = [
        (Code, "小写字母、数字或连字符，例如 catering-50"),
        (Yuan, "元，最多两位小数"),
        (Moment, "北京时间"),
        (Share, "百分数，例如 60%"),
    ]
    if isinstance(item, Code) and item.metadata.get("refers"):
        return ""
    if isinstance(item, Count):
        return f"{item.least} 至 {item.most:,} 的整数"
    return next((words for kind, words in kinds if isinstance(item, kind)), "")


def _standard(item: fields.Field[Any]) -> str:
    """Return what counts where nothing is written, as far as an input can show it."""
    given = item.load_default
    return "" if given in (missing, None, "") or callable(given) or isinstance(given, bool) else str(given)


def _options(item: fields.Field[Any], context: Context) -> Sequence[tuple[str, str]]:
    if isinstance(item, County):
        return list(counties(context.city).items())
    words = item.metadata.get("words", {})
    words = words() if callable(words) else words
    choices = getattr(item.validate, "choices", None)
    return list(words.items()) if choices is None else [(word, words.get(word, word)) for word in choices]


def _fits_a_clock(typed: str) -> bool:
    try:
        moment = datetime.fromisoformat(typed)
    except ValueError:
        return False
    return moment.tzinfo is None and moment.microsecond % 1_000 == 0 and "T" in typed


def _fits_a_line(schema: Schema) -> bool:
    known = texts.keys_of(schema).values()
    single = all(texts.is_plain(item) and not _is_long(item) for item in known)
    return single and len(known) <= MOST_IN_A_LINE


def _is_long(item: fields.Field[Any]) -> bool:
    return isinstance(item, Text) and item.longest > FEW_WORDS
