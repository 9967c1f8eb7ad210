# SPDX-License-Identifier: Apache-2.0
"""The tables from a row of the requirements to its cases are true.

conformance/nbd/catalogue/*.tsv has a line for each row: its id, the ids of the
cases with a comma between them, and why there is none.
"""

import pathlib
import subprocess

import pytest

from fixtures.program import ours

TABLES = sorted((pathlib.Path(__file__).parent / "catalogue").glob("*.tsv"))

# How many rows a part has: from 1 on, without a gap.
ROWS = {
    "nbd.conn": 10,
    "nbd.greet": 4,
    "nbd.flags": 6,
    "nbd.handshake.fixed": 15,
    "nbd.opt.export_name": 13,
    "nbd.opt.abort": 5,
    "nbd.opt.list": 9,
    "nbd.opt.peek": 1,
    "nbd.opt.info": 28,
    "nbd.size": 17,
    "nbd.struct.neg": 4,
    "nbd.meta": 25,
    "nbd.ext": 20,
}


def lines(table):
    for line in table.read_text().splitlines():
        row, cases, why = (line.split("\t") + ["", ""])[:3]
        yield row, cases.split(",") if cases else [], why


def rows():
    return [row for table in TABLES for row, _, _ in lines(table)]


@pytest.mark.parametrize("part", ROWS)
def test_every_row_has_a_line(part):
    found = [row for row in rows()
             if row.rpartition(".")[0] == part]
    assert found == [f"{part}.{n}" for n in range(1, ROWS[part] + 1)]


def test_every_case_that_is_named_exists():
    listed = subprocess.run([ours("vmedia-conform"), "list"], check=True,
                            capture_output=True, text=True).stdout
    ids = {line.split()[0] for line in listed.splitlines()}
    named = {case for table in TABLES
             for _, cases, _ in lines(table) for case in cases}
    assert named <= ids


def test_a_row_has_a_case_or_a_reason():
    assert [row for table in TABLES for row, cases, why in lines(table)
            if bool(cases) == bool(why)] == []
