"""Fields of campaign files: what they accept, and what they say when they do not.

Faults are read by bureau staff, so they are in Chinese and end with the allowed values. TOML's decimals are
read exactly (``parse_float=Decimal``), so 49.90 is 4,990 fen and 49.905 is a fault, not a rounding.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate

from campaigns.places import industries
from foundation.money import LARGEST_AMOUNT_FEN, format_yuan

_CODE = re.compile(r"[a-z0-9][a-z0-9-]{1,39}")
_ONE_FEN = Decimal("0.01")


def said(label: str, hint: str = "", **more: Any) -> dict[str, Any]:
    """Return what the bureau's form says of a field, as its ``metadata``: its Chinese name, and what to put there.

    more: ``refers`` names the list whose codes are meant; ``words`` is word → its Chinese name (or a function that
    returns that) for what is chosen from; ``key`` and ``value`` name the two columns of a table of values.
    """
    return {"label": label, "hint": hint, **more}


class Table(Schema):
    """Base of every table of a campaign file: an unknown or missing key is a fault, said in Chinese."""

    error_messages = {"unknown": "没有这一项，请检查拼写", "type": "应当是一个表"}

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        for name in ("", "inner", "key_field", "value_field"):
            inner = getattr(field_obj, name, None) if name else field_obj
            if inner is not None:
                inner.error_messages |= {"required": "缺少这一项", "null": "不能为空"}
        if isinstance(field_obj, fields.List | fields.Nested):
            field_obj.error_messages |= {"invalid": "应当是一组，用方括号写", "type": "应当是一个表"}
        if isinstance(field_obj, fields.Dict):
            field_obj.error_messages |= {"invalid": "应当是一个表"}


class Text(fields.String):
    """Non-empty text of at most ``longest`` characters, without control characters."""

    default_error_messages = {"invalid": "应当是带引号的文字"}

    def __init__(self, *, longest: int = 80, **options: Any) -> None:
        super().__init__(**options)
        self.longest = longest

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        text = super()._deserialize(value, attr, data, **options).strip()
        if not text or len(text) > self.longest:
            raise ValidationError(f"应当是 1 至 {self.longest} 个字")
        if any(ord(char) < 32 and char != "\n" for char in text):
            raise ValidationError("不能含有控制字符")
        return text


class Code(fields.String):
    """A short name that other parts refer to: 2 to 40 of a–z, 0–9 and hyphen."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        if not isinstance(value, str) or not _CODE.fullmatch(value):
            raise ValidationError('应当是 2 至 40 个小写字母、数字或连字符，例如 "catering-50"')
        return value


class Yuan(fields.Field[int]):
    """Yuan in the file, fen inside; > 0, at most two decimals. ``largest_fen`` bounds it. zero: 0 is allowed too."""

    def __init__(self, *, largest_fen: int = LARGEST_AMOUNT_FEN, zero: bool = False, **options: Any) -> None:
        super().__init__(**options)
        self.largest_fen, self.zero = largest_fen, zero

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise ValidationError("应当是以元为单位的数字，不加引号，例如 50 或 49.90")
        yuan = Decimal(value)
        # Compared before anything is computed: a comparison is exact, arithmetic rounds to 28 digits.
        if self.zero and yuan == 0:
            return 0
        if yuan.is_nan() or not 0 < yuan <= Decimal(self.largest_fen).scaleb(-2):
            raise ValidationError(f"应当大于 0 且不超过 {format_yuan(self.largest_fen)} 元")
        if yuan % _ONE_FEN:
            raise ValidationError("不能有不足一分的金额，最多两位小数")
        return int(yuan * 100)


class Count(fields.Field[int]):
    """A whole number between ``least`` and ``most``, both included."""

    def __init__(self, *, least: int = 1, most: int = 100_000_000, **options: Any) -> None:
        super().__init__(**options)
        self.least, self.most = least, most

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not self.least <= value <= self.most:
            raise ValidationError(f"应当是 {self.least} 至 {self.most} 之间的整数")
        return value


class Flag(fields.Field[bool]):
    """true or false, without quotes."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("应当是 true 或 false，不加引号")
        return value


class Moment(fields.Field[datetime]):
    """A TOML date-time with its offset, e.g. 2023-04-28T10:00:00+08:00."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> datetime:
        if not isinstance(value, datetime) or value.tzinfo is None:
            raise ValidationError("应当是带时区的日期时间，例如 2023-04-28T10:00:00+08:00")
        if not 2000 <= value.year <= 2100:
            raise ValidationError("年份应当在 2000 至 2100 之间")
        return value.astimezone(UTC)


class County(fields.String):
    """A GB/T 2260 division code of six digits."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(r"[1-9][0-9]{5}", value):
            raise ValidationError('应当是六位行政区划代码，带引号，例如 "441702"')
        return value


class Share(fields.Field[int]):
    """A percentage with at most two decimals, in quotes ("20%"); inside, hundredths of a percent (2000)."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> int:
        if not isinstance(value, str) or not re.fullmatch(r"(100|[0-9]{1,2})(\.[0-9]{1,2})?%", value):
            raise ValidationError('应当是带引号的百分数，例如 "20%"')
        share = int(Decimal(value[:-1]) * 100)
        if not 0 < share <= 10_000:
            raise ValidationError("应当大于 0% 且不超过 100%")
        return share


def choice(values: Any, **options: Any) -> fields.String:
    """A field that takes one of ``values``; a mapping also says how they are called."""
    if isinstance(values, Mapping):
        options["metadata"] = {"words": dict(values), **options.get("metadata", {})}
    return fields.String(
        validate=validate.OneOf(list(values), error="没有“{input}”；可以是：{choices}"),
        error_messages={"invalid": "应当是带引号的文字"},
        **options,
    )


def industry(**options: Any) -> fields.String:
    """An industry code of ``campaigns/places.toml``."""
    return choice(industries(), **options)
