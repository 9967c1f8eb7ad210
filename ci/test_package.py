# SPDX-License-Identifier: Apache-2.0
"""The Debian packages: what is in them, and that they need nothing else.

ci/package --check installs them in a clean Debian too, which takes longer.
"""

import os
import pathlib
import re

import pytest

from fixtures.program import require, run

SOURCE = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ["VMEDIA_BIN"]).parent


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """{name: path} of the packages, freshly made."""
    require("dpkg-shlibdeps", "dpkg-dev")
    require("file", "file")
    folder = tmp_path_factory.mktemp("packages")
    made = run("cpack", "--config", BUILD / "CPackConfig.cmake", "-B", folder,
               timeout=120)
    assert made.returncode == 0, made.stdout + made.stderr
    return {path.name.split("_")[0]: path for path in folder.glob("*.deb")}


@pytest.fixture(scope="module", params=["vmedia-conform", "vmedia-nbd"])
def package(request, packages, tmp_path_factory):
    """Its name, its path, and the folder that it is unpacked in."""
    folder = tmp_path_factory.mktemp(request.param)
    unpacked = run("dpkg-deb", "-x", packages[request.param], folder)
    assert unpacked.returncode == 0, unpacked.stderr
    return request.param, packages[request.param], folder


def field(package, name):
    return run("dpkg-deb", "-f", package, name).stdout.strip()


def contents(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*")
            if not path.is_dir()}


def test_there_is_one_for_each_program_that_has_one(packages):
    assert sorted(packages) == ["vmedia-conform", "vmedia-nbd"]


def test_it_holds_the_program_its_page_and_its_data(package):
    name, _, folder = package
    data = set()
    if name == "vmedia-conform":
        data = {f"usr/share/{name}/{kind}/{path.name}"
                for kind in ("profiles", "expected")
                for path in (SOURCE / "conformance" / kind).glob("*.toml")}
        data |= {f"usr/share/{name}/{kind.name}/{path.name}"
                 for kind in (SOURCE / "conformance/node", SOURCE / "vmedia/web")
                 for path in kind.iterdir() if path.is_file()}
        assert len(data) >= 8
    assert contents(folder) == data | {
        f"usr/bin/{name}", f"usr/share/man/man1/{name}.1.gz",
        f"usr/share/doc/{name}/changelog.gz", f"usr/share/doc/{name}/copyright"}
    page = run("gzip", "-dc", folder / f"usr/share/man/man1/{name}.1.gz").stdout
    assert page == run(folder / "usr/bin" / name, "--man").stdout


def test_its_fields_tell_what_it_is(package):
    name, path, folder = package
    version = run(folder / "usr/bin" / name, "--version").stdout.split()
    assert version == [name, field(path, "Version")]
    assert field(path, "Package") == name
    assert field(path, "Architecture") == \
        run("dpkg", "--print-architecture").stdout.strip()
    assert field(path, "Maintainer").count("@") == 1
    summary, _, rest = field(path, "Description").partition("\n")
    assert 0 < len(summary) <= 60 and len(rest.splitlines()) >= 3


def test_its_depends_name_every_library(package):
    """Each library that the program asks for is there, and is of one of them."""
    name, path, folder = package
    depends = set(re.findall(r"(?:^|, )([\w.+-]+)", field(path, "Depends")))
    needed = re.findall(r"NEEDED\s+(\S+)", run(
        "objdump", "-p", folder / "usr/bin" / name).stdout)
    assert len(needed) >= 4
    found = dict(re.findall(r"(\S+) => (/\S+)", run(
        "ldd", folder / "usr/bin" / name).stdout))
    for library in needed:
        if library.startswith("ld-linux"):
            continue
        real = pathlib.Path(found[library]).resolve()
        owner = ""
        for spelling in (real, str(real).removeprefix("/usr")):
            owner = owner or run("dpkg-query", "-S", spelling).stdout
        assert owner.partition(":")[0] in depends, (library, owner, depends)


def test_no_path_of_the_tree_is_in_it(package):
    _, _, folder = package
    for name in contents(folder):
        assert bytes(SOURCE) not in (folder / name).read_bytes(), name


def test_unpacked_anywhere_it_tests_a_server(packages, tmp_path):
    """With no PATH but the system's, and from /."""
    nbdkit = require("nbdkit", "nbdkit")
    for path in packages.values():
        run("dpkg-deb", "-x", path, tmp_path)
    program = tmp_path / "usr/bin/vmedia-conform"
    listed = run(program, "list", cwd="/", env={})
    assert listed.returncode == 0 and len(listed.stdout.splitlines()) > 100
    environment = {"PATH": f"{os.path.dirname(nbdkit)}:/usr/bin:/bin"}
    for profile in ("nbdkit", "vmedia-nbd"):
        report = tmp_path / f"{profile}.xml"
        known = tmp_path / f"usr/share/vmedia-conform/expected/{profile}.toml"
        ended = run(program, "nbd-server", "--profile", profile, "--junit",
                    report, "--expect", known, "--only", "nbd.greeting",
                    "--only", "nbd.tls.required", "--only", "nbd.option",
                    cwd="/", env=environment)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert "<testsuite" in report.read_text()
