"""What `vmproof paging` reports: the costs of translation, one row for each way and each number of levels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vmproof.report.layout import Block, Gap, Heading, Paragraph, Table, row
from vmproof.theorems.paging import Row

SCHEMA = 1

_HEADER = ("mode", "guest levels", "host levels", "TLB hit", "TLB miss", "PTE update", "fence")


def paging_blocks(rows: Sequence[Row]) -> list[Block]:
    """The table, with what its columns count."""
    lines = tuple(
        row(
            item.mode,
            str(item.guest_levels),
            "" if item.host_levels is None else str(item.host_levels),
            str(item.tlb_hit_references),
            str(item.max_references),
            str(item.exits_per_pte_update),
            str(item.exits_per_fence),
        )
        for item in rows
    )
    return [
        Heading("paging", "what it costs at worst to translate an address, and to change a translation"),
        Gap(),
        Table(lines, header=_HEADER),
        Gap(),
        Paragraph(
            "TLB hit, TLB miss: entries of tables that are read. PTE update, fence: exits from the guest. "
            "Each figure is proved of spec/mmu/costs.py, and reached by an execution."
        ),
    ]


def document(rows: Sequence[Row]) -> dict[str, Any]:
    """The JSON object that follows `paging.schema.json`."""
    return {"schema": SCHEMA, "rows": [item.to_json() for item in rows]}
