# SPDX-License-Identifier: Apache-2.0
"""Manual pages: well-formed, and complete beside --help."""

import pathlib
import re

import pytest

from fixtures.program import ours, require, run

PROGRAMS = ["vmedia-nbd", "vmedia-httpd", "nbd-proxy", "vmedia-conform",
            "vmedia-sim", "vmedia-bench", "vmediad"]


@pytest.fixture(params=PROGRAMS)
def program(request):
    return request.param


@pytest.fixture
def page(program, tmp_path):
    """The page as it is installed, which is what the program prints."""
    built = pathlib.Path(ours(program)).parents[1] / "man" / f"{program}.1"
    printed = run(program, "--man")
    assert (printed.returncode, printed.stderr) == (0, "")
    assert built.read_text() == printed.stdout
    return built


def test_formatters_have_no_objection(page):
    lint = run(require("mandoc", "mandoc"), "-T", "lint", "-W", "warning", page)
    assert (lint.returncode, lint.stdout) == (0, "")
    groff = run(require("groff", "groff-base"), "-K", "utf8", "-man", "-Tutf8",
                "-ww", "-z", page)
    assert (groff.returncode, groff.stderr) == (0, "")


def commands_of(program):
    """[] and the words of each subcommand that has options of its own."""
    listed = run(program, "--help").stdout.partition("Subcommands:\n")[2]
    names = re.findall(r"^  (\w\S*) ", listed.partition("\n\n")[0], re.M)
    return [[]] + [[name] for name in names if name != "pure"]


def test_every_option_of_the_help_is_in_the_page(program, page):
    text = run(require("mandoc", "mandoc"), "-T", "utf8", page).stdout
    text = re.sub(".\b", "", text)  # bold is overprinted
    checked = 0
    for words in commands_of(program):
        shown = run(program, *words, "--help")
        assert shown.returncode == 0, shown.stderr
        for names, argument in re.findall(
                r"^  ((?:-\w,)?--[\w-]+)(?: (\S+))?", shown.stdout, re.M):
            entry = names.replace(",", ", ") + (f" {argument}" if argument
                                                else "")
            assert re.search(rf"^ *{re.escape(entry)}\s", text, re.M), entry
            checked += 1
    assert checked >= 5, "the help was read"


def test_the_help_fits_a_terminal(program):
    for words in commands_of(program):
        for line in run(program, *words, "--help").stdout.splitlines():
            if not line.startswith("Usage"):
                assert len(line) <= 100, line


def test_a_mistake_is_one_line_that_tells_where_help_is(program):
    wrong = run(program, "--no-such-option")
    assert wrong.returncode == 2
    assert wrong.stdout == ""
    assert re.fullmatch(rf"{program}: .*; see {program} --help\n",
                        wrong.stderr), wrong.stderr
