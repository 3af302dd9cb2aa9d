"""Browser assets: only the used files, under names that carry their content's hash."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from launch import assets, failures, locks, places

_ICON = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">
  <path stroke="none" d="M0 0h24v24H0z" fill="none" /><path d="M5 12l9 9" /></svg>"""


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    """A node_modules with a small stand-in for every file that is used."""
    folder = tmp_path / "node_modules"
    for source in assets.FILES.values():
        path = folder / source
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content of {source}\n//# sourceMappingURL={path.name}.map")
    icons = folder / "@tabler/icons/icons/outline"
    icons.mkdir(parents=True)
    for name in assets.ICONS:
        (icons / f"{name}.svg").write_text(_ICON)
    (folder / "weui" / "LICENSE.txt").write_text("MIT, as it happens")
    return folder


def test_manifest_leads_from_every_asked_name_to_a_file(modules: Path, tmp_path: Path) -> None:
    target = tmp_path / "vendor"
    assets.collect(modules, target)
    manifest = json.loads((target / "manifest.json").read_text())
    assert set(manifest) == {*assets.FILES, "icons.svg"}
    for name, file_name in manifest.items():
        stem, _, suffix = name.rpartition(".")
        # The pattern by which WhiteNoise knows a file that may be kept for ever.
        assert re.fullmatch(rf"{re.escape(stem)}\.[0-9a-f]{{12}}\.{suffix}", file_name)
        assert (target / file_name).stat().st_size > 0


def test_changed_content_gets_another_name(modules: Path, tmp_path: Path) -> None:
    before = assets.collect(modules, tmp_path / "before")
    (modules / assets.FILES["htmx.js"]).write_text("another version")
    after = assets.collect(modules, tmp_path / "after")
    assert before["htmx.js"] != after["htmx.js"]
    assert before["weui.css"] == after["weui.css"]


def test_files_name_no_source_map(modules: Path, tmp_path: Path) -> None:
    manifest = assets.collect(modules, tmp_path / "vendor")
    assert "sourceMappingURL" not in (tmp_path / "vendor" / manifest["htmx.js"]).read_text()


def test_sprite_holds_every_icon_once(modules: Path) -> None:
    root = ElementTree.fromstring(assets.sprite(modules / "@tabler/icons/icons/outline"))
    names = [symbol.get("id") for symbol in root]
    assert names == list(assets.ICONS)
    assert len(set(names)) == len(names)
    assert all(len(symbol) == 1 for symbol in root), "the invisible square was left in"


def test_licences_go_along(modules: Path, tmp_path: Path) -> None:
    assets.collect(modules, tmp_path / "vendor")
    assert "MIT, as it happens" in (tmp_path / "vendor" / "LICENSES.txt").read_text()


def test_moved_file_in_a_package_is_a_sentence(modules: Path, tmp_path: Path) -> None:
    (modules / assets.FILES["echarts.js"]).unlink()
    with pytest.raises(failures.Failure, match=r"no longer holds echarts\.min\.js"):
        assets.collect(modules, tmp_path / "vendor")


@pytest.mark.parametrize(
    "name",
    [
        "requirements.lock",
        "requirements-dev.lock",
        "launch/uv-pin.txt",
        "launch/node-pin.txt",
        "web/package-lock.json",
        "web/package.json",
        "web/.npmrc",
    ],
)
def test_lock_files_carry_no_address(name: str) -> None:
    content = (places.ROOT / name).read_text(encoding="utf-8")
    assert "://" not in content
    assert "resolved" not in content.replace("omit-lockfile-registry-resolved", "")


@pytest.mark.parametrize(
    "name", ["requirements.lock", "requirements-dev.lock", "launch/uv-pin.txt", "launch/node-pin.txt"]
)
def test_every_locked_package_has_its_hash(name: str) -> None:
    entries = re.split(r"\n(?=\S)", (places.ROOT / name).read_text(encoding="utf-8").strip())
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_tests_run_on_the_versions_that_production_runs() -> None:
    def versions(name: str) -> dict[str, str]:
        text = (places.ROOT / name).read_text(encoding="utf-8")
        return dict(re.findall(r"^([\w.\[\],-]+)==([^\s;]+)", text, re.M))

    runtime, dev = versions("requirements.lock"), versions("requirements-dev.lock")
    assert {name: dev.get(name) for name in runtime} == runtime


def test_funding_pages_leave_the_lock(tmp_path: Path) -> None:
    lock = tmp_path / "package-lock.json"
    package = {"version": "1", "integrity": "sha512-x"}
    lock.write_text(json.dumps({"packages": {"a": package | {"funding": {"url": "https://example.org"}}}}))
    locks.drop_funding(lock)
    assert json.loads(lock.read_text()) == {"packages": {"a": package}}
