"""JSON as the tills' API reads it: what one reader understands differently from another is refused."""

import json
from collections.abc import Sequence
from typing import Any, NoReturn

from flask import Request
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import UnsupportedMediaType

from foundation.errors import N_, Malformed

#: The largest whole number that every JSON reader agrees on.
LARGEST_JSON_INTEGER = 2**53 - 1
DEEPEST_JSON = 20


class JsonMalformed(Malformed):
    code = "json_malformed"
    message = N_("请求正文不是有效的 JSON：%(reason)s")
    way_out = N_("请发送 UTF-8 编码的 JSON 对象，键不重复，数值不用 NaN 或 Infinity")


class _NotStrict(ValueError):
    """JSON that readers do not agree on."""


def read_strict_json(body: bytes) -> Any:
    """Return the JSON value in ``body``.

    Python's reader alone takes NaN and keeps the last of two equal keys, and so could read another amount
    than the till's. Refuses JsonMalformed for those, for NUL and lone surrogates, which the database cannot
    store, and for deep nesting.
    """
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_constant, object_pairs_hook=_no_duplicates)
        _check_text(value, DEEPEST_JSON)
    except UnicodeDecodeError as failure:
        raise JsonMalformed(reason="not UTF-8") from failure
    except json.JSONDecodeError as failure:
        raise JsonMalformed(reason=f"{failure.msg} (line {failure.lineno}, column {failure.colno})") from failure
    except _NotStrict as failure:
        raise JsonMalformed(reason=str(failure)) from failure
    except (RecursionError, ValueError) as failure:  # nested too deep, or a number of thousands of digits
        raise JsonMalformed(reason="too deep or too long a number") from failure
    return value


def _no_constant(name: str) -> NoReturn:
    raise _NotStrict(f"{name} is not JSON")


def _no_duplicates(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _NotStrict("a key appears twice")
    return members


def _check_text(value: Any, depth: int) -> None:
    if depth == 0:
        raise _NotStrict("nested too deep")
    if isinstance(value, str) and ("\x00" in value or any("\ud800" <= sign <= "\udfff" for sign in value)):
        raise _NotStrict("a text has a NUL or half a surrogate pair")
    if isinstance(value, dict):
        for key, member in value.items():
            _check_text(key, depth)
            _check_text(member, depth - 1)
    elif isinstance(value, list):
        for member in value:
            _check_text(member, depth - 1)


class StrictJsonParser(FlaskParser):
    """webargs' parser with our reader of JSON."""

    def _raw_load_json(self, req: Request) -> Any:
        if req.mimetype != "application/json":
            raise UnsupportedMediaType
        return read_strict_json(req.get_data(cache=True))
