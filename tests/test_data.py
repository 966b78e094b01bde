"""The library is found in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path

import pytest

import vmproof.data
from tests.support.documentation import ROOT
from vmproof.data import find_description, library, model_name, models
from vmproof.errors import InputError


def test_a_checkout_is_its_own_library() -> None:
    assert library() == ROOT
    assert (library() / "spec" / "README.md").is_file()


def test_an_installed_package_has_the_library_inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "site-packages" / "vmproof"
    (package / "data" / "models").mkdir(parents=True)
    (package / "data" / "models" / "toy.py").write_text('"""A toy."""\n')
    (package / "data" / "models" / "toy_base.py").write_text("")
    monkeypatch.setattr(vmproof.data, "__file__", str(package / "data.py"))
    assert library() == package / "data"
    assert models() == [package / "data" / "models" / "toy.py"]
    assert find_description("toy") == package / "data" / "models" / "toy.py"


def test_parts_of_machines_are_no_machines() -> None:
    names = [model_name(path) for path in models()]
    assert "pg74" in names
    assert "pg74/jrst1" in names
    assert "pg74/base" not in names


def test_a_folder_does_not_hide_the_model_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT / "models")
    assert find_description("pg74") == Path("pg74.py")
    assert find_description("pg74/jrst1") == Path("pg74") / "jrst1.py"


def test_a_file_comes_before_a_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pg74").write_text("")
    monkeypatch.chdir(tmp_path)
    assert find_description("pg74") == Path("pg74")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nowhere/x.py", "there is no file nowhere/x.py"),
        ("x.py", "there is no file x.py"),
        (".", ". is a directory, not a description"),
        ("pg47", 'there is neither a file nor a model named "pg47"; did you mean `pg74`?'),
        ("zzz", 'there is neither a file nor a model named "zzz"; `vmproof list models` shows the models'),
        ("", "the name of a file is empty"),
    ],
)
def test_what_is_not_there(name: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(vmproof.data, "models", lambda: [library() / "models" / name for name in ("pg74.py", "m68000.py")])
    with pytest.raises(InputError) as caught:
        find_description(name)
    assert str(caught.value) == message
