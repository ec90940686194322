"""The house rules that a machine can hold: layers, settings, floors, words that must not be in the tree."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.version import Version

from config import Settings, _Reader

ROOT = Path(__file__).resolve().parent.parent.parent


def tracked() -> list[Path]:
    """Every file that git tracks (or would, were it added), that is still there."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def texts() -> list[tuple[Path, str]]:
    """Tracked files that are text, with their text."""
    found = []
    for path in tracked():
        try:
            found.append((path, path.read_text(encoding="utf-8")))
        except UnicodeDecodeError:
            continue
    return found


def test_imports_point_down() -> None:
    linter = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([linter], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


def variables() -> list[str]:
    """Every variable that config.py reads."""
    found = re.findall(r'"(AVOUCH_[A-Z_]+)"', (ROOT / "config.py").read_text())
    return sorted(set(found))


def test_every_setting_has_a_variable() -> None:
    assert len(variables()) >= len(dataclasses.fields(Settings)) - 1
    assert callable(_Reader)


@pytest.mark.parametrize("name", variables())
def test_every_setting_is_documented(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs" / "operating.md").read_text(), f"{name} is missing in docs/operating.md"


# What older versions of these were found to do is in docs/security.md, "Version floors".
FLOORS = {
    "authlib": "1.9.9",
    "joserfc": "1.6.8",
    "flask": "3.1.3",
    "werkzeug": "3.1.6",
    "marshmallow": "4.1.2",
    "rq": "3.0.0",
    "flask-login": "0.6.3",
    "sqlalchemy": "2.1.0",
}


@pytest.mark.parametrize(("name", "floor"), FLOORS.items())
def test_no_library_is_older_than_its_floor(name: str, floor: str) -> None:
    assert Version(version(name)) >= Version(floor)
    assert name in (ROOT / "docs" / "security.md").read_text().lower()


def test_rq_stays_on_the_line_whose_internals_we_rely_on() -> None:
    assert version("rq").startswith("3.0.")


def test_lock_files_carry_hashes_and_name_no_host() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text()
        assert "://" not in text
        pins = re.findall(r"^[A-Za-z0-9._-]+(?:\[[^]]*\])?==", text, re.MULTILINE)
        assert len(pins) > 20
        assert text.count("--hash=sha256:") >= len(pins)


def test_templates_hold_no_inline_script_or_style() -> None:
    offence = re.compile(
        r"<script(?![^>]*\bsrc=)[^>]*>\s*[^<\s]|<style|\sstyle=|\son[a-z]+=\"|javascript:", re.IGNORECASE
    )
    looked_at = 0
    for path, text in texts():
        if path.suffix not in {".html", ".svg"} or "app" not in path.parts or "mail" in path.parts:
            continue
        looked_at += 1
        assert not offence.search(text), f"{path}: {offence.search(text)}"
    assert looked_at > 20


def test_nothing_sleeps_in_tests_but_the_one_place_that_polls() -> None:
    for path, text in texts():
        if "tests" in path.parts and path.suffix == ".py" and path.name not in {"waiting.py", Path(__file__).name}:
            assert "time.sleep(" not in text, path


def test_nobody_reads_the_clock_but_the_clock() -> None:
    offence = re.compile(r"datetime\.(?:now|utcnow|today)\(|date\.today\(")
    for path, text in texts():
        if path.suffix == ".py" and path.parts[len(ROOT.parts)] == "app" and path.name != "clock.py":
            assert not offence.search(text), path


def test_no_secret_is_compared_with_an_equals_sign() -> None:
    offence = re.compile(r"(?:secret|token|password)(?:_hash)? (?:==|!=) (?!None)")
    for path, text in texts():
        if path.suffix == ".py" and path.parts[len(ROOT.parts)] == "app":
            for line in text.splitlines():
                # In a WHERE clause the database compares hashes found by index; only Python's own == leaks time.
                if offence.search(line) and "._hash ==" not in line and "_hash == " not in line:
                    raise AssertionError(f"{path}: {line}")


def test_every_ignore_states_its_reason() -> None:
    offence = re.compile(r"#\s*(?:noqa(?::\s*[A-Z0-9, ]+)?|type: ignore(?:\[[^]]*\])?|nosec(?: B[0-9]+)?)\s*$")
    for path, text in texts():
        if path.suffix == ".py" and path.parts[len(ROOT.parts)] in {"app", "config.py", "wsgi.py"}:
            for number, line in enumerate(text.splitlines(), 1):
                assert not offence.search(line), f"{path}:{number} ignores without a reason"
