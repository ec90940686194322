"""Finds a Chromium for the browser tests, or installs one; `make test` runs this first.

An installed one is used as it is; else Debian's package, where we are root; else Playwright's own build.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
ARGUMENTS = [
    "--no-sandbox",  # containers and root have no sandbox to give; the pages are our own
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


def find() -> str | None:
    """The path of a browser that runs, if there is one. AVOUCH_CHROMIUM names another."""
    named = os.environ.get("AVOUCH_CHROMIUM")
    candidates = [named] if named else [*(shutil.which(name) for name in NAMES), str(MAC), _playwrights_own()]
    return next((path for path in candidates if path and _runs(path)), None)


def _runs(path: str) -> bool:
    """Whether it says its version: some distributions ship a stub that only tells to install something else."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=30, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _playwrights_own() -> str:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def install() -> str | None:
    """Install one, and say so on the way; its path, or None."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("No Chromium here: installing Debian's package (once) …", flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install_package = ["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"]
        for command in (["apt-get", "update", "-q"], install_package):
            subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=False)
        if found := find():
            return found
    print("No Chromium here: fetching Playwright's (once) …", flush=True)
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    return find()


def main() -> int:
    """Make sure that there is one; the exit status."""
    if find() or install():
        return 0
    print(
        "The browser tests need Chromium, and none could be found or installed.\n"
        "Install one (Debian: apt install chromium) or name one: AVOUCH_CHROMIUM=/path/to/chromium make test",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main())
