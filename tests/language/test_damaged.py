"""No text makes vmproof crash, hang or run code (LANGUAGE.md, rule 14)."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.damage import SOUND, texts
from vmproof.errors import InputError
from vmproof.language import Budget, lint, load

COUNT = 2000
PARTS = 8

_WATCH = """
import json, sys, unicodedata  # Python's parser wants the last one for names beyond ASCII
from pathlib import Path
from tests.support.damage import SOUND, texts
from vmproof.language import Budget, lint

path = Path(sys.argv[1])
path.write_text(SOUND)
assert lint(path) == []  # everything of vmproof's own that is imported late is imported now
folder = str(path.parent)
seen = set()
watching = False


def hook(event, arguments):
    if not watching:
        return
    if event == "compile" and arguments[1] in (None, "<unknown>"):
        return  # ast.parse
    if event == "open" and str(arguments[0]).startswith(folder) and arguments[1] in ("r", "rb") and not arguments[2] & 3:
        return  # for reading
    if event == "open" and arguments[0] == "<unknown>":
        return  # ast.parse looks for the line of a syntax error
    if event in ("os.scandir", "os.listdir", "pathlib.Path.glob") and str(arguments[0]).startswith(folder):
        return  # looking for the file that an import may mean
    seen.add(f"{event} {arguments!r}"[:200])


sys.addaudithook(hook)
for data in texts(700):
    path.write_bytes(data)
    watching = True
    lint(path, Budget(nodes=20_000, terms=40_000, items=5_000, seconds=1.0))
    watching = False
print(json.dumps(sorted(seen)))
"""


def test_the_text_that_is_damaged_is_right(tmp_path: Path) -> None:
    path = tmp_path / "machine.py"
    path.write_text(SOUND, encoding="utf-8")
    assert [str(problem) for problem in lint(path)] == []


@pytest.mark.parametrize("part", range(PARTS))
def test_a_damaged_description_is_read_or_refused(part: int, tmp_path: Path) -> None:
    """Anything but an `InputError` would be raised here; each text takes less than two seconds of the processor."""
    path = tmp_path / "machine.py"
    for number, data in enumerate(texts(COUNT)):
        if number % PARTS != part:
            continue
        path.write_bytes(data)
        begun = time.process_time()
        problems = lint(path, Budget(nodes=30_000, terms=50_000, items=10_000, seconds=1.0))
        assert time.process_time() - begun < 2, number
        for problem in problems:
            assert isinstance(problem, InputError)
            assert problem.message
            assert "\n" not in problem.message, number
            assert "Traceback" not in str(problem)
            assert " object at 0x" not in str(problem), number
            problem.caret()


def test_nothing_is_executed_opened_or_imported(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", _WATCH, str(tmp_path / "machine.py")],
        capture_output=True,
        text=True,
        timeout=120,
        cwd=Path(__file__).resolve().parents[2],
        env={"PYTHONPATH": f"checker:{Path(__file__).resolve().parents[2]}", "PATH": "/usr/bin:/bin"},
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert json.loads(run.stdout) == []
    assert [item.name for item in tmp_path.iterdir()] == ["machine.py"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import os\n", "`import` is not part of the language; write `from file import name`"),
        ("x = 2**10**9\n", "an integer of 2000000000 bits is beyond the limit of 4096"),
        ("x = (\n", "syntax error: '(' was never closed"),
        ("x = 1\0\n", "the file contains a null character"),
        (b"\xff\xfe\n", "the file is not UTF-8 text"),
        ("x = " + "(" * 150 + "1" + ")" * 150 + "\nwhile True:\n    pass\n", "`while` is not part of the language"),
    ],
)
def test_the_command_answers_with_one_sentence(text: str | bytes, message: str, tmp_path: Path) -> None:
    path = tmp_path / "machine.py"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    root = Path(__file__).resolve().parents[2]
    run = subprocess.run(
        [sys.executable, "-m", "vmproof", "lint", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PYTHONPATH": str(root / "checker"), "PATH": "/usr/bin:/bin"},
        check=False,
    )
    assert run.returncode == 2, run.stderr
    assert message in run.stdout
    assert "Traceback" not in run.stdout + run.stderr


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "machine.py"
    path.write_bytes(b"#" * 2_000_001)
    with pytest.raises(InputError) as caught:
        load(path)
    assert caught.value.message == f"{path} has more than 2000000 bytes, which is the most a description may have"


def test_an_endless_file_is_not_read() -> None:
    with pytest.raises(InputError, match="has more than 2000000 bytes"):
        load(Path("/dev/zero"))


@pytest.mark.parametrize(
    ("path", "message"),
    [(Path("no/such.py"), "there is no file no/such.py"), (Path("/tmp"), "/tmp is a folder, not a description")],
)
def test_a_file_that_cannot_be_read(path: Path, message: str) -> None:
    with pytest.raises(InputError) as caught:
        load(path)
    assert str(caught.value) == message


def test_line_ends_of_every_system_count_the_same(tmp_path: Path) -> None:
    """A form feed or a Unicode line separator ends no line, so the place is the one that editors show."""
    path = tmp_path / "machine.py"
    path.write_bytes('"""\u2028 \x0c"""\r\nx = unknown\r\n'.encode())
    (problem, *_) = lint(path)
    assert problem.place is not None
    assert (problem.place.line, problem.place.column, problem.place.source) == (2, 5, "x = unknown")
