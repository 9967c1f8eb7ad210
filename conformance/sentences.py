# SPDX-License-Identifier: Apache-2.0
"""A table of the sentences of a specification and the cases that test them.

catalogue/sentences.tsv: a comment that names the specification, a head, then a
row per sentence, in its order. A sentence is found by its section, the list
item it stands in and its first words; where two begin alike, by which it is.
The text itself is not ours and is not here.
"""

import csv
import re
from typing import NamedTuple

KEYWORD = re.compile(
    r"\b(?:(?:MUST|SHALL|SHOULD)(?: NOT)?|REQUIRED|(?:NOT )?RECOMMENDED)\b")

# What a specification states without a keyword, and cases test all the same.
PLAIN = "states"
CLIENT = "a client's duty"
NOT_YET = "no case yet"
WORDS = 8

HEAD = ["section", "item", "keywords", "begins", "which", "cases", "why not"]


class Sentence(NamedTuple):
    section: str  # the headings above it, " > " between
    item: str     # the names of the list items it stands in, or ""
    text: str     # on one line


class Row(NamedTuple):
    section: str
    item: str
    keywords: str  # commas between; PLAIN if it has none
    begins: str    # its first words, WORDS at most
    which: str     # of those that begin so there: "", "2", "3" ...
    cases: list
    why: str       # whose duty it is, or why no case tests it; may be ""

    @property
    def place(self):
        return self[:5]

    @property
    def level(self):
        """MUST, SHOULD or PLAIN: the strictest of its keywords."""
        if self.keywords == PLAIN:
            return PLAIN
        strict = re.search("MUST|SHALL|REQUIRED", self.keywords)
        return "MUST" if strict else "SHOULD"


def read(table):
    """The specification that @table names, and its rows."""
    with table.open(newline="", encoding="utf-8") as file:
        source = file.readline().removeprefix("#").strip()
        head, *found = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
    if head != HEAD:
        raise ValueError(f"{table}: its second line is not {HEAD}")
    wrong = [row for row in found if len(row) != len(HEAD)]
    if wrong:
        raise ValueError(f"{table}: not {len(HEAD)} columns: {wrong[0]}")
    return source, [Row(*row[:5], row[5].split(",") if row[5] else [], row[6])
                    for row in found]


def places(sentences):
    """How a table has to name each of @sentences; see Row.place."""
    met = {}
    for section, item, text in sentences:
        begins = " ".join(text.split()[:WORDS])
        nth = met[section, item, begins] = met.get(
            (section, item, begins), 0) + 1
        keywords = ",".join(dict.fromkeys(KEYWORD.findall(text)))
        yield (section, item, keywords, begins, "" if nth == 1 else str(nth))


def differences(rows, sentences, text):
    """What only the specification, its @text, has, and what only @rows."""
    told = [row.place for row in rows if row.level != PLAIN]
    stands = list(places(sentences))
    found = [f"has no row: {' | '.join(place)}"
             for place in stands if place not in told]
    found += [f"is no sentence of it: {' | '.join(place)}"
              for place in told if place not in stands]
    words = " ".join(text.split())
    found += [f"is not in it: {' | '.join(row.place)}" for row in rows
              if row.level == PLAIN and row.begins not in words]
    return found or ([] if told == stands else ["the order is another one"])
