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

TABLES = sorted((pathlib.Path(__file__).parent / "catalogue").glob("*.tsv"))


@pytest.fixture(scope="module")
def ids():
    listed = subprocess.run([ours("vmedia-conform"), "list"], check=True,
                            capture_output=True, text=True).stdout
    return {line.split()[0] for line in listed.splitlines()}


def rows(table):
    with table.open(newline="") as file:
        head, *found = csv.reader(file, delimiter="\t")
    assert len(head) == 3
    return found


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.stem)
def test_every_row_has_cases_or_a_reason(table, ids):
    for row, cases, why in rows(table):
        assert bool(cases) != bool(why), row
        assert set(filter(None, cases.split(","))) <= ids, row


def test_no_row_is_there_twice():
    seen = [row[0] for table in TABLES for row in rows(table)]
    assert sorted(set(seen)) == sorted(seen)
