# SPDX-License-Identifier: Apache-2.0
"""The catalogue's rows and the cases that test them.

catalogue/server.tsv and client.tsv: a row is a case, or without_case.tsv tells
why not.
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
    """{case id: its level}"""
    listed = subprocess.run([ours("vmedia-conform"), "list", "ws.*"], check=True,
                            capture_output=True, text=True).stdout
    return dict(line.split()[:2] for line in listed.splitlines())


def test_every_row_is_a_case_or_has_a_reason(cases):
    wanted = {row["id"] for name in ("server.tsv", "client.tsv")
              for row in rows(name)}
    without = {row["id"] for row in rows("without_case.tsv")}
    assert wanted - without <= set(cases), "a row without a case"
    assert without <= wanted
    assert not without & set(cases)
    assert all(row["why not"] for row in rows("without_case.tsv"))


def test_every_case_of_a_client_is_a_row(cases):
    told = {row["id"]: row["level"] for row in rows("client.tsv")}
    assert told == {case: level for case, level in cases.items()
                    if case.startswith("ws.clt.")}


def test_no_row_is_there_twice():
    for table in ("server.tsv", "client.tsv", "without_case.tsv"):
        ids = [row["id"] for row in rows(table)]
        assert len(ids) == len(set(ids)), table
