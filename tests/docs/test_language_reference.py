"""Every whole example in the language reference loads without a mistake; every fragment is Python syntax."""

from __future__ import annotations

import ast
import builtins
import re
from pathlib import Path

import pytest

from tests.support.documentation import ROOT, Fence, fences
from vmproof.data import library
from vmproof.engines.reading import transition_system
from vmproof.engines.relating import read_refinement, read_separation
from vmproof.engines.system import Kind
from vmproof.language import lint, load
from vmproof.language.builtins import LANGUAGE
from vmproof.language.loader import load_relation, load_system

REFERENCE = ROOT / "spec" / "README.md"
KERNEL = library() / "spec" / "kernel"
BLOCKS = fences(REFERENCE)
WHOLE = [block for block in BLOCKS if block.info == "python"]
SYSTEMS = [block for block in BLOCKS if block.info.startswith("python system")]
RELATIONS = {block.info.removeprefix("python "): block for block in BLOCKS if block.info in ("python mapping", "python policy")}
FRAGMENTS = [block for block in BLOCKS if block.info == "python fragment"]


def file_name(block: Fence) -> str:
    return block.info.removeprefix("python system").strip() or "example.py"


def line(block: Fence) -> str:
    return f"line {block.line}"


def test_the_reference_has_examples_and_nothing_unmarked() -> None:
    assert len(WHOLE) >= 2
    assert SYSTEMS
    assert len(WHOLE) + len(SYSTEMS) + len(FRAGMENTS) + len(RELATIONS) == len([block for block in BLOCKS if "python" in block.info])


@pytest.mark.parametrize("block", WHOLE, ids=line)
def test_a_whole_example_loads(block: Fence, tmp_path: Path) -> None:
    path = tmp_path / "example.py"
    path.write_text(block.text, encoding="utf-8")
    description = load(path)
    assert description.doc
    assert description.instructions
    assert [str(mistake) for mistake in lint(path)] == []


@pytest.mark.parametrize("block", SYSTEMS, ids=line)
def test_a_whole_system_loads(block: Fence, tmp_path: Path) -> None:
    for each in SYSTEMS:  # one may be a component of another
        (tmp_path / file_name(each)).write_text(each.text, encoding="utf-8")
    system = transition_system(load_system(tmp_path / file_name(block)))
    assert system.actions
    assert {claim.kind for claim in system.properties} == set(Kind)


def test_a_whole_mapping_relates_two_systems(tmp_path: Path) -> None:
    path = tmp_path / "mapping.py"
    path.write_text(RELATIONS["mapping"].text, encoding="utf-8")
    read = read_refinement(load_relation(path), KERNEL / "frames.py", KERNEL / "tenancy.py")
    assert {name: [step and step.action for step in steps] for name, steps in read.actions.items()} == {
        "map_page": ["move_in"],
        "unmap_page": ["move_out"],
    }
    assert set(read.abstraction) == set(read.abstract.state)


def test_a_whole_policy_is_one_of_its_system(tmp_path: Path) -> None:
    path = tmp_path / "policy.py"
    path.write_text(RELATIONS["policy"].text, encoding="utf-8")
    read = read_separation(load_relation(path), KERNEL / "shares.py")
    assert set(read.policy.acting) == {"map_page", "unmap_page"}
    assert [place.name for place in read.policy.places] == ["page", "frame"]


@pytest.mark.parametrize("block", FRAGMENTS, ids=line)
def test_a_fragment_is_syntax(block: Fence) -> None:
    ast.parse(block.text)


def names_of_the_stub() -> set[str]:
    stub = ast.parse((ROOT / "checker" / "vmproof" / "lang.pyi").read_text(encoding="utf-8"))
    found = {node.name for node in stub.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    found |= {node.target.id for node in stub.body if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)}
    return {name for name in found if not name.startswith("_")}


def test_the_stub_for_editors_has_every_name_of_the_language() -> None:
    assert names_of_the_stub() == {name for name in LANGUAGE if not hasattr(builtins, name)}


def test_the_reference_lists_every_name_of_the_language() -> None:
    listed = REFERENCE.read_text(encoding="utf-8").rpartition("## All names of the language")[2].partition("\n\n`checker")[0]
    assert set(re.findall(r"`(\w+)`", listed)) - {"bool"} == names_of_the_stub()


def test_links_inside_the_documentation_lead_somewhere() -> None:
    for page in (REFERENCE, ROOT / "proofs" / "README.md", ROOT / "checker" / "README.md", ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        text = re.sub(r"^```.*?^```$|`[^`]*`", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
        headings = {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", text, re.M)}
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if target.startswith("#"):
                assert target[1:] in headings, f"{page.name}: {target}"
            elif "://" not in target:
                assert (page.parent / target.partition("#")[0]).exists(), f"{page.name}: {target}"
