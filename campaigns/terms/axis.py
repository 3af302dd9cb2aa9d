"""An axis: a folder of strategies of which a campaign picks one by its ``kind``."""

import importlib
import pkgutil
import sys
from collections.abc import Mapping
from functools import cache
from typing import Any

from marshmallow import ValidationError, fields

from campaigns.terms.file_fields import Table


class StrategySchema(Table):
    """Base of every strategy's schema: ``make`` builds the strategy from what was read.

    A strategy's module has ``KIND`` (its name in campaign files) and ``FileSchema`` (a subclass of this). label and
    hint: its Chinese name in the bureau's form, and what it is for.
    """

    make: Any = None
    label = ""
    hint = ""

    def load_strategy(self, data: Mapping[str, Any]) -> Any:
        return type(self).make(**self.load(data))


@cache
def strategies(package_name: str) -> dict[str, StrategySchema]:
    """Return kind → schema of every strategy in the axis' folder."""
    package = importlib.import_module(package_name)
    found = {}
    for module_info in pkgutil.iter_modules(package.__path__):
        module = importlib.import_module(f"{package_name}.{module_info.name}")
        if hasattr(module, "KIND"):
            found[module.KIND] = module.FileSchema()
    return dict(sorted(found.items()))


def kind_of(strategy: Any) -> str:
    """Return the name in campaign files of a strategy; "" for a value that is not one."""
    return str(getattr(sys.modules[type(strategy).__module__], "KIND", ""))


class StrategyField(fields.Field[Any]):
    """A table in a campaign file whose ``kind`` picks the strategy that reads the rest of it.

    A table that is left out is read as an empty one of ``default_kind`` where the field is not required.
    """

    def __init__(self, axis: str, *, default_kind: str | None = None, **options: Any) -> None:
        if default_kind is not None and not options.get("required"):
            options["load_default"] = lambda: self._deserialize({}, None, None)
        super().__init__(**options)
        self.axis = axis
        self.default_kind = default_kind

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> Any:
        if not isinstance(value, Mapping):
            raise ValidationError('应当是一个表，例如 { kind = "…" }')
        known = strategies(f"campaigns.terms.{self.axis}")
        kind = value.get("kind", self.default_kind)
        if not isinstance(kind, str) or kind not in known:
            said = "没有写 kind" if kind is None else f"没有“{kind}”这一种"
            raise ValidationError({"kind": [f"{said}；可以是：{'、'.join(known)}"]})
        return known[kind].load_strategy({key: item for key, item in value.items() if key != "kind"})
