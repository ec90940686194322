"""The loader: small, silent, and safe on a strict page."""

from __future__ import annotations

import ast
import gzip
import re
from pathlib import Path

from app.widgets.routes import LOADER, loader_bytes

SOURCE = LOADER.read_text("utf-8")
LIMIT = 6000  # bytes over the wire, for all three elements in four languages
FORM = (Path(__file__).parents[3] / "app/assets/js/form.js").read_text("utf-8")


def test_it_costs_a_reader_at_most_six_kilobytes() -> None:
    assert len(gzip.compress(loader_bytes(), 6, mtime=0)) <= LIMIT


def test_what_is_left_out_is_comments_only() -> None:
    served = loader_bytes().decode()
    assert "//" not in re.sub(r'"[^"]*"|`[^`]*`', "", served).replace("https?://", "")
    # The shortening goes by lines, so no text may run over several.
    assert all(line.count("`") % 2 == 0 for line in SOURCE.splitlines())
    assert "/*" not in SOURCE


def test_the_four_languages_say_the_same_things() -> None:
    keys = re.search(r'const KEYS = "([^"]+)"', SOURCE)
    assert keys
    for language in ("en", "ru", "pl", "bg"):
        block = re.search(rf"  {language}: \[\n(.*?)\n  \],", SOURCE, re.DOTALL)
        assert block
        lines = [line.strip() for line in block.group(1).splitlines()]
        assert len(lines) == len(keys.group(1).split())
        words = [ast.literal_eval(line.rstrip(",")) for line in lines[1:]]
        assert all(words)
        for name, word in zip(keys.group(1).split()[1:], words, strict=True):
            assert ("#" in word) == (name in {"of", "reply", "incentive"})


def test_text_is_only_ever_set_as_text() -> None:
    for script in (SOURCE, FORM):
        for sink in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "Function(", "srcdoc"):
            assert sink not in script, sink


def test_it_leaves_no_trace_on_the_page() -> None:
    for trace in ("cookie", "localStorage", "sessionStorage", "indexedDB", "sendBeacon", "XMLHttpRequest"):
        assert trace not in SOURCE.replace("no cookies", ""), trace


def test_no_message_goes_to_everybody() -> None:
    for script in (SOURCE, FORM):
        assert not re.search(r"postMessage\([^)]*[\"']\*[\"']", script)
        assert "event.source" in script
        assert "event.origin" in script
