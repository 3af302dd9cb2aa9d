"""What the applications of a run share, because each test makes one of its own: what is compiled again and again alike.

Nothing of a test is in it: addresses are compiled from the doors, statements from their shape without their values.
"""

from collections.abc import Callable
from typing import Any

from flask import Flask
from sqlalchemy.util import LRUCache
from werkzeug.routing import Rule

from foundation.db import db


class _Statements(LRUCache[Any, Any]):
    """Compiled statements by shape; the key names the dialect instead of being one, which every engine has anew."""

    def get(self, key: Any, default: Any = None) -> Any:
        return super().get((key[0].name, *key[1:]), default)

    def __setitem__(self, key: Any, value: Any) -> None:
        super().__setitem__((key[0].name, *key[1:]), value)


_statements = _Statements(4_000)
_builders: dict[tuple[Any, ...], Callable[..., Any]] = {}
_compile_builder = Rule._compile_builder


def share_addresses() -> None:
    """Let every application from now on have the compiled addresses of those before it."""
    Rule._compile_builder = _builder_of  # type: ignore[method-assign]


def share_statements(app: Flask) -> None:
    """Let an application have the compiled statements of those before it."""
    with app.app_context():
        db.engine._compiled_cache = _statements


def _builder_of(rule: Rule, append_unknown: bool = True) -> Callable[..., Any]:
    key = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
    if key not in _builders:
        _builders[key] = _compile_builder(rule, append_unknown)
    return _builders[key]
