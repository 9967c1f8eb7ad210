# SPDX-License-Identifier: Apache-2.0
"""The catalogue's rows and the cases that test them.

catalogue/*.tsv: row, cases with commas between, and for a row without a case
why there is none.
"""

import csv
import pathlib
import subprocess

import pytest

from fixtures.program import ours

CATALOGUE = pathlib.Path(__file__).parent / "catalogue"
# sentences.tsv is another kind of table: see conformance/test_coverage.py.
TABLES = sorted(set(CATALOGUE.glob("*.tsv")) - {CATALOGUE / "sentences.tsv"})

# How many rows a part of the catalogue has: from 1 on, without a gap.
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
    "nbd.tls.notls": 4,
    "nbd.tls.forced": 13,
    "nbd.tls.sel": 8,
    "nbd.tls.starttls": 1,
    "nbd.tls.state": 4,
    "nbd.tls.inject": 3,
    "nbd.tls.ver": 5,
    "nbd.tls.psk": 7,
    "nbd.tls.x509": 8,
    "nbd.tls.io": 9,
    "nbd.shutdown": 4,
    "nbd.xmit.req": 16,
    "nbd.xmit.par": 5,
    "nbd.xmit.multi": 3,
    "nbd.xmit.read": 8,
    "nbd.xmit.write": 8,
    "nbd.xmit.disc": 5,
    "nbd.xmit.flush": 3,
    "nbd.xmit.trim": 6,
    "nbd.xmit.cache": 4,
    "nbd.xmit.zero": 10,
    "nbd.xmit.bs": 13,
    "nbd.xmit.resize": 2,
    "nbd.struct": 19,
    "nbd.ext": 20,
    "nbd.dos": 8,
}


@pytest.fixture(scope="module")
def ids():
    listed = subprocess.run([ours("vmedia-conform"), "list"], check=True,
                            capture_output=True, text=True).stdout
    return {line.split()[0] for line in listed.splitlines()}


def rows(table):
    with table.open(newline="") as file:
        head, *found = csv.reader(file, delimiter="\t")
    assert len(head) == 3
    return [(row + [""])[:3] for row in found]


def names():
    return [row for table in TABLES for row, _, _ in rows(table)]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_every_row_has_cases_or_a_reason(table, ids):
    for row, cases, why in rows(table):
        assert bool(cases) != bool(why), row
        assert set(filter(None, cases.split(","))) <= ids, row


def test_no_row_is_there_twice():
    assert sorted(set(names())) == sorted(names())


@pytest.mark.parametrize("part", ROWS)
def test_every_row_of_a_part_is_there(part):
    wanted = {f"{part}.{n}" for n in range(1, ROWS[part] + 1)}
    assert wanted <= set(names())
