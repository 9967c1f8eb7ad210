# SPDX-License-Identifier: Apache-2.0
"""The rows of the catalogue of the server's side, and the cases: the same ids,
or a reason why a row has no case."""

import csv
import pathlib
import subprocess

from fixtures.program import ours

CATALOGUE = pathlib.Path(__file__).parent / "catalogue" / "server.tsv"

TOLD_BY_AUTH_RIGHT = "ws.hs.auth-right, with the credentials of that kind"
WITHOUT_CASE = {
    "ws.hs.auth-basic": TOLD_BY_AUTH_RIGHT,
    "ws.hs.auth-cookie": TOLD_BY_AUTH_RIGHT,
    "ws.hs.auth-token": TOLD_BY_AUTH_RIGHT,
    "ws.hs.auth-mtls": "ws.hs.ok, with --cert",
    "ws.hs.auth-privilege": "there is no option for a second user yet",
    "ws.hs.csrf-cookie-no-subproto": "no option tells the secret of a cookie",
    "ws.hs.origin-absent": "no case sends an Origin, but those about it",
    "ws.hs.slowloris-header": "of area net: to come",
}
# Of these, more is to come.
UNFINISHED = ("ws.lim.", "ws.net.", "ws.pmd.", "ws.slot.", "ws.tls.")


def rows():
    with CATALOGUE.open(newline="") as lines:
        return [row["id"] for row in csv.DictReader(lines, delimiter="\t")]


def cases():
    listed = subprocess.run([ours("vmedia-conform"), "list", "ws.*"],
                            check=True, capture_output=True, text=True).stdout
    return [line.split()[0] for line in listed.splitlines()]


def test_no_row_is_there_twice():
    assert sorted(set(rows())) == sorted(rows())


def test_every_case_has_a_row():
    assert set(cases()) - set(rows()) == set()


def test_every_row_has_a_case_or_a_reason():
    left = {row for row in set(rows()) - set(cases())
            if not row.startswith(UNFINISHED)}
    assert left == set(WITHOUT_CASE)


def test_levels_are_those_of_the_catalogue():
    listed = subprocess.run([ours("vmedia-conform"), "list", "ws.*"],
                            check=True, capture_output=True, text=True).stdout
    levels = dict(line.split()[:2] for line in listed.splitlines())
    with CATALOGUE.open(newline="") as lines:
        wanted = {row["id"]: row["level"]
                  for row in csv.DictReader(lines, delimiter="\t")}
    assert {one: level for one, level in levels.items()
            if wanted[one] != level} == {}
