"""One campaign file in the form: from a text, from a posted form, or from nothing; its document, text and preview."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

from marshmallow import Schema

from campaigns.campaign_file import (
    LONGEST_DOCUMENT,
    DefinitionFaulty,
    Fault,
    check,
    document_schema,
    read_offer,
)
from campaigns.definition import Definition, OfferDefinition
from campaigns.form import nodes, rows, toml_text
from campaigns.form import typed as texts
from campaigns.form.nodes import Form
from campaigns.form.typed import Posted, Typed
from campaigns.places import cities

#: The parts of a file in the order in which people think of them.
ORDER = ("campaign", "sources", "offers", "packs", "rounds", "people", "discount_limits", "settlement")
#: The input that carries the text which the form was filled from.
ORIGINAL = "original"
EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass(frozen=True)
class Draft:
    """typed: what is in the form. original: the text that it was filled from, "" for none; its comments are in no
    input, so it is kept as it is for as long as the form says the same."""

    typed: Typed
    original: str = ""

    @classmethod
    def blank(cls) -> "Draft":
        """Return an empty form, with one row in each list that needs one."""
        typed = _started(document_schema(), texts.typed_table(document_schema(), {}))
        typed["campaign"]["city"] = next(iter(cities()))
        return cls(typed)

    @classmethod
    def of(cls, text: str) -> "Draft":
        """Return the form of a file. Refuses DefinitionFaulty for what is no TOML."""
        return cls(texts.typed_table(document_schema(), _raw(text)), text)

    @classmethod
    def posted(cls, form: Mapping[str, Sequence[str]]) -> "Draft":
        """Return the form as it was sent."""
        read = Posted(form)
        return cls(read.table(document_schema()), read.text(ORIGINAL))

    def change(self, action: str) -> str:
        """Add, remove or move a row; return the place of the one that was added or moved."""
        return rows.change(document_schema(), self.typed, action)

    @cached_property
    def document(self) -> dict[str, Any]:
        return texts.document_table(document_schema(), self.typed)

    @cached_property
    def text(self) -> str:
        """The campaign file: the original text while nothing in the form differs from it."""
        return self.original if self.is_unchanged else toml_text.write(self.document)

    @cached_property
    def is_unchanged(self) -> bool:
        if not self.original or self.left_behind:
            return False
        before = texts.typed_table(document_schema(), _raw(self.original))
        return texts.document_table(document_schema(), before) == self.document

    @cached_property
    def comments(self) -> int:
        """How many comments of the original text a saved change would drop."""
        return toml_text.comments(self.original)

    @cached_property
    def left_behind(self) -> list[str]:
        """Places in the original text that the form has no input for."""
        return texts.left_behind(document_schema(), _raw(self.original)) if self.original else []

    def check(self) -> tuple[Definition | None, Sequence[Fault]]:
        """Return the definition, or every fault."""
        try:
            return check(self.text), ()
        except DefinitionFaulty as faulty:
            return None, faulty.faults

    def form(self, faults: Sequence[Fault] = ()) -> Form:
        """Return what the page shows, with each fault at its input."""
        return nodes.form(document_schema(), self.typed, faults, order=ORDER)

    def offers(self) -> list[OfferDefinition]:
        """Return the offers that are whole, for cards that are shown before the rest is."""
        return [found for raw in self.document.get("offers", ()) if (found := read_offer(raw))]

    def codes(self) -> dict[str, list[tuple[str, str]]]:
        """Return list → (code, name) of its rows: what codes may refer to."""
        return {
            key: [(row["code"], row.get("name", "")) for row in table if row.get("code")]
            for key, table in self.typed.items()
            if isinstance(table, list) and all(isinstance(row, dict) for row in table)
        }


def _raw(text: str) -> dict[str, Any]:
    if len(text) > LONGEST_DOCUMENT:
        return check(text)  # type: ignore[return-value]  # it refuses, with its own words
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError):
        check(text)
        raise


def _started(schema: Schema, typed: Typed) -> Typed:
    for key, field in texts.keys_of(schema).items():
        row = texts.rows_of(field)
        if row is not None and field.required:
            typed[key] = [texts.typed_row(row, None)]
            inner = getattr(row, "schema", None)
            if inner is not None:
                _started(inner, typed[key][0])
    return typed


def examples() -> dict[str, str]:
    """Return the name of each example file → its title, as far as they stand beside the product."""
    found = {}
    for path in sorted(EXAMPLES.glob("*.toml")):
        found[path.stem] = str(tomllib.loads(path.read_text("utf-8")).get("campaign", {}).get("name", path.stem))
    return found


def example(name: str) -> str:
    """Return the text of an example; "" for one that is not there."""
    return (EXAMPLES / f"{name}.toml").read_text("utf-8") if name in examples() else ""
