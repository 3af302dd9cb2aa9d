"""The browser side of the set-up: the few files the pages use, from npm to ``static/vendor``.

No third-party code is kept in the repository. ``npm ci`` fetches exactly what the lock file
names, the used files are copied under names that carry their content's hash (so browsers may
keep them for ever), and node_modules, 170 MB of it, is deleted again.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

from launch import failures, node, places
from launch.steps import Step

# The name the pages ask for → the file inside node_modules.
FILES: dict[str, str] = {
    "htmx.js": "htmx.org/dist/htmx.min.js",
    "weui.css": "weui/dist/style/weui.min.css",
    "tabler.css": "@tabler/core/dist/css/tabler.min.css",
    "tabler.js": "@tabler/core/dist/js/tabler.min.js",
    "echarts.js": "echarts/dist/echarts.min.js",
    "zxing-reader.js": "zxing-wasm/dist/iife/reader/index.js",
    "zxing_reader.wasm": "zxing-wasm/dist/reader/zxing_reader.wasm",
    "swagger-ui.js": "swagger-ui-dist/swagger-ui-bundle.js",
    "swagger-ui.css": "swagger-ui-dist/swagger-ui.css",
}

# The outline icons that go into the sprite; a page shows one with <use href="...#name">.
# fmt: off
ICONS: tuple[str, ...] = (
    "home", "ticket", "qrcode", "scan", "camera", "photo", "keyboard", "receipt", "building-store",
    "chart-bar", "file-spreadsheet", "file-text", "users", "settings", "check", "x", "alert-triangle",
    "clock", "map-pin", "coin", "arrow-back-up", "download", "logout", "chevron-right", "refresh",
    "shield-check", "list-details", "calendar", "eye",
)
# fmt: on

_SPRITE = "icons.svg"
_SVG = "http://www.w3.org/2000/svg"  # an XML namespace, not an address anything is fetched from
_NODE_MODULES = places.WEB / "node_modules"
_STAMP = places.VENDOR / ".made-from"
# The maps are not copied, and naming them makes every open developer console ask for them.
_SOURCE_MAP = re.compile(rb"(?m)^(//# sourceMappingURL=.*|/\*# sourceMappingURL=.*?\*/)\s*$")
# Twelve hex digits between dots is what WhiteNoise takes for a name that never changes content.
_HASH_DIGITS = 12


def step() -> Step:
    """The step to a complete vendor folder."""
    web = (places.WEB / "package.json", places.WEB / "package-lock.json", places.WEB / ".npmrc")
    return Step("Fetching browser assets", (*web, Path(__file__)), _STAMP, _fetch)


def _fetch() -> None:
    shutil.rmtree(_NODE_MODULES, ignore_errors=True)
    try:
        node.npm_ci(places.WEB)
        build = places.SETUP / "vendor"
        shutil.rmtree(build, ignore_errors=True)
        collect(_NODE_MODULES, build)
        # The pages see the old folder or the new one, never half of one.
        shutil.rmtree(places.VENDOR, ignore_errors=True)
        places.VENDOR.parent.mkdir(parents=True, exist_ok=True)
        build.rename(places.VENDOR)
    finally:
        shutil.rmtree(_NODE_MODULES, ignore_errors=True)


def collect(modules: Path, target: Path) -> dict[str, str]:
    """Copy the used files to ``target`` and return its manifest: asked name → file name."""
    target.mkdir(parents=True)
    manifest = {name: _place(target, name, _read(modules / source)) for name, source in FILES.items()}
    manifest[_SPRITE] = _place(target, _SPRITE, sprite(modules / "@tabler/icons/icons/outline"))
    listing = json.dumps(manifest, indent=2, sort_keys=True) + "\n"
    (target / "manifest.json").write_text(listing, encoding="utf-8")
    (target / "LICENSES.txt").write_text(_licences(modules), encoding="utf-8")
    return manifest


def _read(source: Path) -> bytes:
    try:
        content = source.read_bytes()
    except FileNotFoundError:
        raise failures.Failure(
            f"the package {source.parent} no longer holds {source.name}.",
            "A version in web/package.json was raised: correct the path in launch/assets.py.",
        ) from None
    return content if source.suffix == ".wasm" else _SOURCE_MAP.sub(b"", content)


def _place(target: Path, name: str, content: bytes) -> str:
    stem, _, suffix = name.rpartition(".")
    digest = hashlib.sha256(content).hexdigest()[:_HASH_DIGITS]
    hashed = f"{stem}.{digest}.{suffix}"
    (target / hashed).write_bytes(content)
    # Served as it is to whoever takes gzip; the time stamp is left out so that equal files stay equal.
    (target / f"{hashed}.gz").write_bytes(gzip.compress(content, mtime=0))
    return hashed


def sprite(folder: Path, names: tuple[str, ...] = ICONS) -> bytes:
    """One SVG that holds every icon as a <symbol>, drawn in the text's own colour."""
    ElementTree.register_namespace("", _SVG)
    root = ElementTree.Element(f"{{{_SVG}}}svg")
    for name in names:
        # Parsed from a package whose hash the lock file fixes, so not hostile input.
        drawing = ElementTree.fromstring(_read(folder / f"{name}.svg"))  # noqa: S314
        stroke = {"fill": "none", "stroke": "currentColor", "stroke-width": "2"}
        round_ends = {"stroke-linecap": "round", "stroke-linejoin": "round"}
        attributes = {"id": name, "viewBox": drawing.get("viewBox", "0 0 24 24")} | stroke | round_ends
        symbol = ElementTree.SubElement(root, f"{{{_SVG}}}symbol", attributes)
        for part in drawing:
            part.tail = None
            # Every Tabler icon starts with an invisible square that only sets its size.
            if part.get("d") != "M0 0h24v24H0z":
                symbol.append(part)
    return ElementTree.tostring(root, encoding="utf-8")


def _licences(modules: Path) -> str:
    """The licence texts of the copied packages, which their licences ask to go along."""
    sources = (*FILES.values(), "@tabler/icons/")
    packages = sorted({_package(source) for source in sources})
    texts = [(package, text) for package in packages for text in sorted((modules / package).glob("LICENSE*"))]
    return "\n".join(f"==== {name} ====\n\n{text.read_text(encoding='utf-8').strip()}\n" for name, text in texts)


def _package(source: str) -> str:
    words = source.split("/")
    return "/".join(words[:2]) if source.startswith("@") else words[0]
