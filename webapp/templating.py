"""What every template may use: addresses of assets, money, time and masks."""

import hashlib
import json
from datetime import date, datetime
from functools import cache

from flask import Flask, g, url_for
from flask_babel import Babel

from foundation import clock
from foundation.money import format_wan, format_yuan, format_yuan_short
from foundation.speech import spoken, translate
from identity.masking import mask_id_number, mask_name, mask_phone
from identity.principals import Principal
from webapp.static_files import STATIC

babel = Babel()


def init_templating(app: Flask) -> None:
    """Install flask-babel, the globals and the filters."""
    app.config.update(BABEL_TRANSLATION_DIRECTORIES="translations")
    babel.init_app(app, default_locale="zh_Hans_CN", default_timezone="Asia/Shanghai")
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        vendor=vendor, asset=asset, translate=translate, now=clock.now, signed_in_as=signed_in_as
    )
    app.jinja_env.filters.update(
        spoken=spoken,
        yuan=format_yuan,
        yuan_short=format_yuan_short,
        wan=format_wan,
        local_time=local_time,
        local_day=local_day,
        local_date=local_date,
        mask_phone=mask_phone,
        mask_name=mask_name,
        mask_id_number=mask_id_number,
    )


def signed_in_as() -> Principal | None:
    """Return who passed the gate of this request, asking no database: error pages use it too."""
    who: Principal | None = g.get("principal")
    return who


def asset(path: str) -> str:
    """Return the address of one of our own static files, with a digest of its content: it may be kept for long.

    A file that is not there is the browser's 404, not a broken page.
    """
    file = STATIC / path
    digest = _digest(path, file.stat().st_mtime_ns) if file.is_file() else None
    return url_for("static", filename=path, v=digest)


@cache
def _digest(path: str, _changed_at: int) -> str:
    return hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:10]


def vendor(name: str) -> str:
    """Return the address of a browser asset that set-up has installed, by its plain name ("htmx.js").

    Where set-up has not run, the plain name is all there is to say.
    """
    manifest = STATIC / "vendor" / "manifest.json"
    known = _manifest(manifest.stat().st_mtime_ns) if manifest.exists() else {}
    return url_for("static", filename=f"vendor/{known.get(name, name)}")


@cache
def _manifest(_changed_at: int) -> dict[str, str]:
    manifest: dict[str, str] = json.loads((STATIC / "vendor" / "manifest.json").read_text(encoding="utf-8"))
    return manifest


def local_time(moment: datetime | None) -> str:
    """2023-05-01 10:00, on Shanghai's clock."""
    return f"{clock.local(moment):%Y-%m-%d %H:%M}" if moment else ""


def local_day(moment: datetime | None) -> str:
    """5月1日 10:00, on Shanghai's clock."""
    if moment is None:
        return ""
    there = clock.local(moment)
    return f"{there.month}月{there.day}日 {there:%H:%M}"


def local_date(moment: datetime | date | None) -> str:
    """2023-05-01; a moment is taken on Shanghai's clock."""
    if moment is None:
        return ""
    return (clock.bureau_day(moment) if isinstance(moment, datetime) else moment).isoformat()
