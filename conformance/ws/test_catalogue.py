# SPDX-License-Identifier: Apache-2.0
"""The catalogue's rows and the cases that test them.

catalogue/server.tsv: a row is a case, or without_case.tsv tells why not.
"""

import csv
import pathlib
import subprocess

import pytest

from fixtures.program import ours

CATALOGUE = pathlib.Path(__file__).parent / "catalogue"


def rows(name):
    with (CATALOGUE / name).open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


@pytest.fixture(scope="module")
def cases():
    listed = subprocess.run([ours("vmedia-conform"), "list"], check=True,
                            capture_output=True, text=True).stdout
    names = [line.split()[0] for line in listed.splitlines() if line.split()]
    return {name for name in names if name.startswith("ws.")}


def test_every_row_is_a_case_or_has_a_reason(cases):
    wanted = {row["id"] for row in rows("server.tsv")}
    without = {row["id"] for row in rows("without_case.tsv")}
    assert wanted - without <= cases, "a row without a case"
    assert without <= wanted
    assert not without & cases
    assert all(row["why not"] for row in rows("without_case.tsv"))


def test_no_row_is_there_twice():
    for table in ("server.tsv", "without_case.tsv"):
        ids = [row["id"] for row in rows(table)]
        assert len(ids) == len(set(ids)), table
