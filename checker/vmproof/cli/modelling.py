"""`vmproof mc`: check the properties of a transition system."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from vmproof.cli.exits import Exit, judged, worst
from vmproof.cli.reading import first_line
from vmproof.cli.saving import write_file
from vmproof.cli.second_opinion import SecondOpinionPool
from vmproof.data import find_system
from vmproof.engines.reading import transition_system
from vmproof.engines.verdict import Verdict
from vmproof.errors import InputError
from vmproof.formats.dot import dot
from vmproof.formats.naming import Naming
from vmproof.formats.vcd import vcd
from vmproof.language.loader import load_system
from vmproof.report import write
from vmproof.report.layout import Block, Command, Gap, Paragraph, Tone
from vmproof.report.properties import SCHEMA, document, property_blocks, stuck_blocks
from vmproof.solvers import SolverPool
from vmproof.theorems.deciding import DEFAULT_SIZE, Found, Question, examine

_TRACES = (".json", ".vcd")


def run(options: argparse.Namespace, command: str) -> Exit:
    """Decide every property that was asked for, print one line each and the traces, and write the files that were asked for."""
    if options.trace and Path(options.trace).suffix not in _TRACES:
        raise InputError(f"{options.trace} is neither a .json nor a .vcd file", hint="the name says which format a trace is written in")
    path = find_system(options.file)
    question = Question(
        path,
        tuple(options.property) if options.property else None,
        options.engine,
        options.bound,
        options.timeout,
        dict(options.size),
        dict(options.set),
    )
    kind = SecondOpinionPool if options.second_opinion else SolverPool
    with kind(options.jobs, options.solver, options.timeout, options.memory) as solvers:
        found, stuck = examine(question, solvers)
        notes = [_graph(options.graph, question, solvers)] if options.graph else []
    if options.trace:
        notes.append(_trace(options.trace, path.stem, found))
    codes = [judged(item.verdict, Verdict.PROVED) for item in found]
    if options.format == "json":
        sys.stdout.write(json.dumps(document(found, stuck), indent=2, ensure_ascii=False) + "\n")
        return worst(codes)
    system = load_system(path, question.sizes, question.parameters)
    assumed = any(name not in question.sizes for item in (*found, stuck) for name in item.sizes)
    blocks: list[Block] = [*property_blocks(system.name, first_line(system.doc), found, assumed), *stuck_blocks(stuck)]
    if notes:
        blocks += [Gap(), *(Paragraph(note) for note in notes)]
    if worst(codes) is not Exit.MET:
        blocks += [Gap(), Paragraph(_summary(found), indent=0, tone=Tone.BAD if Exit.NOT_MET in codes else Tone.OPEN)]
        blocks.append(Command(command, label="repeat"))
    write(blocks, sys.stdout)
    return worst(codes)


def _summary(found: Sequence[Found]) -> str:
    counts = {verdict: sum(item.verdict is verdict for item in found) for verdict in Verdict}
    return ", ".join(f"{count} {verdict.text}" for verdict, count in counts.items() if count) + "."


def _trace(name: str, system: str, found: Sequence[Found]) -> str:
    """Write the first trace, one of a violation if there is any."""
    traced = [item for item in found if item.evidence is not None]
    chosen = next((item for item in traced if item.verdict is Verdict.REFUTED), traced[0] if traced else None)
    if chosen is None or chosen.evidence is None or chosen.trace is None:
        return f"There is no trace, so {name} was not written."
    if Path(name).suffix == ".vcd":
        write_file(name, vcd(chosen.evidence.naming, chosen.evidence.trace))
    else:
        data = {
            "schema": SCHEMA,
            "system": system,
            "property": chosen.name,
            "kind": chosen.kind,
            "sentence": chosen.sentence,
            "verdict": chosen.verdict.value,
            "sizes": dict(chosen.sizes),
            "trace": chosen.trace.to_json(),
        }
        write_file(name, json.dumps(data, indent=2, ensure_ascii=False) + "\n")
    return f"The trace of {chosen.name} is in {shlex.quote(name)}."


def _graph(name: str, question: Question, solvers: SolverPool) -> str:
    system = load_system(question.path, question.sizes, question.parameters)
    unsized = [kind for kind, made in system.machine.unsized.items() if made.size is None]
    if unsized:
        sizes = {**dict.fromkeys(unsized, DEFAULT_SIZE), **question.sizes}
        system = load_system(question.path, sizes, question.parameters)
    write_file(name, dot(Naming(system), transition_system(system), solvers, question.timeout))
    return f"The graph of all states is in {shlex.quote(name)}."
