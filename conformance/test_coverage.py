# SPDX-License-Identifier: Apache-2.0
"""Tables of a specification's sentences, and the pages made of them."""

import re
import subprocess

import pytest

from conformance import coverage
from conformance.nbd import proto_sentences
from conformance.sentences import (CLIENT, PLAIN, WORDS, Row, differences,
                                   places, read)
from conformance.ws import rfc_sentences
from fixtures.program import ours

# Cases that cite what is not in the document that the table is about.
ELSEWHERE = re.compile(r"\(branch extension-ext-header\)$|^ +RFC (?!6455)",
                       re.MULTILINE)

SPECIFICATION = """\
# Title

No duty here.

## Messages

A side MUST answer (e.g. `X`, which SHOULD come first). It
SHALL NOT
wait.  It can wait.

- bit 0, `NBD_A`; MUST be set.

  Also it SHOULD be looked at.
  - `NBD_B` (1) and `NBD_C` (2)

    This REQUIRED field is last. The server MUST do the same thing as before
    once. The server MUST do the same thing as before twice.

Both are RECOMMENDED.
"""

STANDS = [
    ("Messages", "", "MUST,SHOULD",
     "A side MUST answer (e.g. `X`, which SHOULD", ""),
    ("Messages", "", "SHALL NOT", "It SHALL NOT wait.", ""),
    ("Messages", "NBD_A", "MUST", "bit 0, `NBD_A`; MUST be set.", ""),
    ("Messages", "NBD_A", "SHOULD", "Also it SHOULD be looked at.", ""),
    ("Messages", "NBD_A > NBD_B and NBD_C", "REQUIRED",
     "This REQUIRED field is last.", ""),
    ("Messages", "NBD_A > NBD_B and NBD_C", "MUST",
     "The server MUST do the same thing as", ""),
    ("Messages", "NBD_A > NBD_B and NBD_C", "MUST",
     "The server MUST do the same thing as", "2"),
    ("Messages", "", "RECOMMENDED", "Both are RECOMMENDED.", ""),
]

RFC = """\
4.  Opening

4.2.  Servers

   A server MUST read
   (e.g., a field).  It waits.

   1.  It SHOULD look.

Fette & Melnikov             Standards Track                   [Page 20]
\f
RFC 6455                 The WebSocket Protocol            December 2011

       /key/
          The key MUST NOT be empty.
       *  A list MAY be here.  It is REQUIRED.

   And it MUST end.
"""

RFC_STANDS = [
    ("4.2. Servers", "", "MUST", "A server MUST read (e.g., a field).", ""),
    ("4.2. Servers", "1", "SHOULD", "It SHOULD look.", ""),
    ("4.2. Servers", "1", "MUST NOT", "/key/ The key MUST NOT be empty.", ""),
    ("4.2. Servers", "1", "REQUIRED", "It is REQUIRED.", ""),
    ("4.2. Servers", "", "MUST", "And it MUST end.", ""),
]


@pytest.fixture(params=coverage.SUITES.values(), ids=coverage.SUITES.keys())
def suite(request):
    return request.param


@pytest.fixture
def rows(suite):
    return read(suite.table)[1]


@pytest.fixture
def level(suite):
    return coverage.levels(suite.cases)


def explained(case):
    return subprocess.run([ours("vmedia-conform"), "explain", case],
                          check=True, capture_output=True, text=True).stdout


def test_the_page_is_what_the_table_makes(suite):
    assert suite.page.read_text(encoding="utf-8") == coverage.page(suite), \
        "run conformance/coverage.py"


def test_every_row_has_cases_or_a_reason(rows):
    for row in rows:
        assert row.cases or row.why, row.place
        assert not (row.cases and row.why) or row.why.startswith(CLIENT), \
            row.place
        assert row.cases or row.level != PLAIN, row.place


def test_every_case_of_a_row_exists(rows, level):
    for row in rows:
        assert set(row.cases) <= set(level), row.place
        assert len(set(row.cases)) == len(row.cases), row.place


def test_a_reason_names_cases_that_exist(suite, rows, level):
    for row in rows:
        for word in row.why.replace(",", " ").replace(";", " ").split():
            assert not word.startswith(suite.cases) or word in level, row.place


def test_a_row_is_found_by_few_words_and_there_once(rows):
    found = [row.place for row in rows]
    assert len(set(found)) == len(found)
    assert all(0 < len(row.begins.split()) <= WORDS or row.level == PLAIN
               for row in rows)


def test_every_case_of_a_must_or_should_is_in_a_row(rows, level):
    named = {case for row in rows for case in row.cases}
    others = [case for case in level
              if level[case] in ("must", "should") and case not in named]
    assert [case for case in others
            if not ELSEWHERE.search(explained(case))] == []


def test_sentences_are_found_where_they_stand():
    found = proto_sentences.sentences(SPECIFICATION)
    assert list(places(found)) == STANDS


def test_sentences_of_an_rfc_are_found_where_they_stand():
    found = rfc_sentences.sentences(RFC)
    assert list(places(found)) == RFC_STANDS


def table(stands=STANDS):
    return [Row(*place, ["nbd.x"], "") for place in stands]


def compare(rows):
    return differences(rows, proto_sentences.sentences(SPECIFICATION),
                       SPECIFICATION)


def test_a_whole_table_does_not_differ():
    said = Row("Messages", "", PLAIN, "It can wait.", "", ["nbd.x"], "")
    assert compare([said, *table()]) == []


@pytest.mark.parametrize(("rows", "told"), [
    (table()[1:], ["has no row: Messages |  | MUST,SHOULD | "
                   "A side MUST answer (e.g. `X`, which SHOULD | "]),
    ([*table(), Row("Messages", "", "MUST", "It MUST not be", "", [], "x")],
     ["is no sentence of it: Messages |  | MUST | It MUST not be | "]),
    (table()[::-1], ["the order is another one"]),
    ([*table(), Row("Messages", "", PLAIN, "It may wait.", "", ["x"], "")],
     ["is not in it: Messages |  | states | It may wait. | "]),
], ids=["no row", "no sentence", "order", "no statement"])
def test_a_table_that_differs_is_told(rows, told):
    assert compare(rows) == told
