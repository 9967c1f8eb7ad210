# SPDX-License-Identifier: Apache-2.0
"""The sentences of the NBD project's doc/proto.md that oblige somebody."""

import re

from conformance.sentences import KEYWORD, Sentence

_HEADING = re.compile(r"(#+)\s+(.*?)\s*#*$")
_BULLET = re.compile(r"\s*(?:[-*]|\d+\.)\s+(.*)")
# A list item that begins with a name, or with two, is about that.
_NAME = re.compile(r"(?:bit \d+, )?`(\w+:?)`(?: \(\d+\) and `(\w+)`)?")
_END = re.compile(
    r"(?:(?<=[.!?])|(?<=[.!?]\)))(?<!e\.g\.)(?<!i\.e\.)\s+(?=[A-Z`(*])")


def sentences(text):
    """Those with a keyword, in the document's order."""
    return [Sentence(section, item, one)
            for section, item, paragraph in _paragraphs(text)
            for one in _END.split(paragraph) if KEYWORD.search(one)]


def _paragraphs(text):
    """(section, item, words) of each."""
    headings, items, lines = [], [], []

    def done():
        words = " ".join(" ".join(lines).split())
        lines.clear()
        names = [name for _, name in items if name]
        return [(" > ".join(headings[1:]), " > ".join(names), words)]

    for line in text.splitlines():
        heading, bullet = _HEADING.match(line), _BULLET.match(line)
        if heading or bullet or not line.strip():
            yield from done()
        if heading:
            headings[len(heading[1]) - 1:] = [heading[2]]
            items.clear()
            continue
        if bullet or not lines:  # what is indented less is no part of an item
            indent = len(line) - len(line.lstrip())
            while line.strip() and items and items[-1][0] >= indent:
                items.pop()
        if bullet:
            names = _NAME.match(bullet[1])
            items.append((indent, " and ".join(filter(None, names.groups()))
                          if names else ""))
            lines.append(bullet[1])
        elif line.strip():
            lines.append(line)
    yield from done()
