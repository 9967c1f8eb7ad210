# SPDX-License-Identifier: Apache-2.0
"""ci/examples: what they run works, with the package that is built here.

apt-get only simulates, which still wants every package to exist and the
dependencies of ours to be met; our package is then unpacked.
"""

import os
import pathlib
import subprocess
import xml.etree.ElementTree

import pytest
import yaml

from ci.test_package import packages  # a fixture
from fixtures.program import ours, require, write_script

EXAMPLES = pathlib.Path(__file__).parent / "examples"
STEP_S = 120 * float(os.environ.get("VMEDIA_TIMEOUT_SCALE", "1"))

__all__ = ["packages"]

APT = """
[ "$1" = update ] && exit
/usr/bin/apt-get --simulate "$@" || exit
for word; do
    case $word in
    *.deb) dpkg-deb -x "$word" "$ROOT" || exit ;;
    esac
done"""


def github():
    """(its variables, its steps: [(shell lines, runs always)])."""
    workflow = yaml.safe_load((EXAMPLES / "github-actions.yml").read_text())
    job, = workflow["jobs"].values()
    uploaded, = [step for step in job["steps"]
                 if "upload-artifact" in step.get("uses", "")]
    assert uploaded["with"]["path"] == "reports"
    return workflow["env"], [(step["run"], step.get("if") == "always()")
                             for step in job["steps"] if "run" in step]


def gitlab():
    job, = yaml.safe_load((EXAMPLES / "gitlab-ci.yml").read_text()).values()
    kept = job["artifacts"]
    assert kept["when"] == "always"
    assert {kept["reports"]["junit"], *kept["paths"]} == {
        f"reports/nbd.{kind}" for kind in ("xml", "html", "json", "md")}
    return job["variables"], [
        ("\n".join(job["before_script"] + job["script"]), False)]


@pytest.fixture(params=[github, gitlab], ids=["github", "gitlab"])
def job(request, packages, tmp_path):
    """job(**variables): runs it, gives (exit status, what it printed)."""
    require("curl", "curl")
    require("nbdkit", "nbdkit")
    root = tmp_path / "root"
    tools = tmp_path / "tools"
    tools.mkdir()
    write_script(tools / "apt-get", APT)
    variables, steps = request.param()
    share = str(root / "usr/share/vmedia-conform")
    environment = {
        name: value.replace("/usr/share/vmedia-conform", share)
        for name, value in variables.items()} | {
        "VMEDIA_CONFORM_DEB": f"file://{packages['vmedia-conform']}",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
        "PATH": f"{tools}:{root}/usr/bin:{os.environ['PATH']}",
        "ROOT": str(root)}

    def run(**changed):
        status, said = 0, ""
        for lines, always in steps:
            if status and not always:
                continue
            # As both do it: a line that fails ends the step.
            lines = lines.replace("/tmp/", f"{tmp_path}/")
            ended = subprocess.run(
                ["sh", "-ec", lines], cwd=tmp_path, env=environment | changed,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                stdin=subprocess.DEVNULL, timeout=STEP_S, check=False)
            status = status or ended.returncode
            said += ended.stdout
        return status, said
    return run


def reports(folder):
    """The JUnit report, once all of them are seen to be there."""
    assert "<html" in (folder / "reports/nbd.html").read_text()
    assert (folder / "reports/nbd.json").read_text().startswith("{")
    summary = folder / "summary.md"
    text = (folder / "reports/nbd.md").read_text()
    assert text and (not summary.exists() or summary.read_text() == text)
    return xml.etree.ElementTree.parse(folder / "reports/nbd.xml").getroot()


def test_it_passes_as_it_is(job, tmp_path):
    status, said = job()
    assert status == 0, said
    assert int(reports(tmp_path).get("failures")) == 0
    assert (tmp_path / "root/usr/bin/vmedia-conform").exists()


def test_a_server_that_breaks_a_rule_fails_it_and_is_reported(job, tmp_path):
    profile = tmp_path / "mine.toml"
    profile.write_text(
        '[[mode]]\noffers = ["plain"]\n'
        f'line = "{ours("vmedia-nbd-reference")} -f -U {{socket}} '
        '--defect nbd.option.abort.acknowledged memory 1M"\n')
    status, said = job(PROFILE=str(profile), EXPECTED="/dev/null")
    assert status == 1, said
    failed = [case.get("name") for case in
              reports(tmp_path).iterfind(".//failure/..")]
    assert "nbd.option.abort.acknowledged" in failed
