# SPDX-License-Identifier: Apache-2.0
"""The sentences of RFC 6455, its text as the RFC editor has it, that oblige."""

import re

from conformance.sentences import KEYWORD, Sentence

_HEADING = re.compile(r"(\d+(?:\.\d+)*\.)  (\S.*)")
_BULLET = re.compile(r"\s+(?:o|\*|-|(\d+)\.)\s+(\S.*)")
# Where a page ends and the next begins, in the paginated text.
_PAGE = re.compile(r"Fette & Melnikov .*\[Page \d+\]$|RFC 6455  .* 20\d\d$|\f")
_END = re.compile(
    r"(?:(?<=[.!?])|(?<=[.!?][)\"]))(?<!e\.g\.)(?<!i\.e\.)\s+(?=[A-Z_(/\"|])")


def sentences(text):
    """Those with a keyword, in the document's order; an item is a step."""
    return [Sentence(section, item, one)
            for section, item, paragraph in _paragraphs(text)
            for one in _END.split(paragraph) if KEYWORD.search(one)]


def _paragraphs(text):
    """(section, item, words) of each."""
    section, items, lines = "", [], []

    def done():
        words = " ".join(" ".join(lines).split())
        lines.clear()
        names = [name for _, name in items if name]
        return [(section, " > ".join(names), words)]

    for line in text.splitlines():
        if _PAGE.match(line):
            continue
        heading, bullet = _HEADING.match(line), _BULLET.match(line)
        if heading or bullet or not line.strip():
            yield from done()
        if heading:
            section = f"{heading[1]} {heading[2]}"
            items.clear()
            continue
        if bullet or not lines:  # what is indented less is no part of a step
            indent = len(line) - len(line.lstrip())
            while line.strip() and items and items[-1][0] >= indent:
                items.pop()
        if bullet:
            items.append((indent, bullet[1] or ""))
            lines.append(bullet[2])
        elif line.strip():
            lines.append(line)
    yield from done()
