"""Style sheets, scripts and pictures, served by the application itself: no web server is needed in front."""

from pathlib import Path

from flask import Flask
from whitenoise import WhiteNoise

STATIC = Path(__file__).parent / "static"
#: Files under vendor/ carry a hash of their content in their name, so they never change.
#: Our own files may change with every release, and scripts import each other by plain names: a browser keeps them,
#: and asks each time whether they still hold (304).
ASK_EVERY_TIME = 0


def init_static_files(app: Flask) -> None:
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=STATIC if STATIC.is_dir() else None,
        prefix="static/",
        max_age=ASK_EVERY_TIME,
        immutable_file_test=_never_changes,
        add_headers_function=_add_headers,
        mimetypes={".wasm": "application/wasm"},
    )


def _never_changes(path: str, url: str) -> bool:
    return url.startswith("/static/vendor/")


def _add_headers(headers: dict[str, str], path: str, url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
