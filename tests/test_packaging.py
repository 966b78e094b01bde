"""A wheel has the library inside, and an installed vmproof finds it there; the project's files agree with each other."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.support.documentation import ROOT


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a wheel built from this checkout unpacks to."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def run(installed: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    # -P and the place in front: the wheel's package is taken, not the checkout that the environment knows.
    text = f"import sys; sys.path.insert(0, {str(installed)!r}); import vmproof.cli; sys.exit(vmproof.cli.main({list(arguments)!r}))"
    return subprocess.run([sys.executable, "-P", "-c", text], cwd=installed, capture_output=True, text=True, check=False)


def test_a_wheel_has_models_specifications_and_schemas(installed: Path) -> None:
    for part in ("data/models/pg74.py", "data/spec/README.md", "data/proofs/README.md", "lang.pyi", "report/schema/check.schema.json"):
        assert (installed / "vmproof" / part).is_file(), part


def test_an_installed_vmproof_finds_its_models(installed: Path) -> None:
    done = run(installed, "list", "models")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"^pg74 +models/pg74.py ", done.stdout, re.MULTILINE)


def test_an_installed_vmproof_reads_a_model(installed: Path) -> None:
    done = run(installed, "list", "instructions", "pg74")
    assert (done.returncode, done.stderr) == (0, "")
    assert "vmproof/data/models/pg74/instructions.py:" in done.stdout


def test_every_dependency_is_pinned() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    project = settings["project"]
    wanted = [*settings["build-system"]["requires"], *project["dependencies"], *project["optional-dependencies"]["dev"]]
    pins = dict(re.findall(r"^([\w-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(encoding="utf-8"), re.MULTILINE))
    assert [name for name in wanted if name not in pins] == []


def test_every_dependency_says_why() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    runtime = text.split("dependencies = [")[1].split("]")[0].strip().splitlines()
    assert all("# " in line for line in runtime)
