"""The manual pages name every option, and are sound roff."""

import shutil
import subprocess

import pytest
from man_pages import FOLDER, pages

PAGES = pages()


@pytest.mark.parametrize("file", PAGES)
def test_a_page_says_what_the_help_says(file):
    text = PAGES[file].replace("\\-", "-")
    assert text.startswith(".TH ACTCLI")
    for heading in ("NAME", "SYNOPSIS", "DESCRIPTION", '"PROGRAM"', '"EXAMPLES"', "SEE ALSO"):
        assert f".SH {heading}\n" in text
    assert "\n.B -h, --help\nShow this help.\n" in text
    assert (FOLDER / file).exists()


def test_options_stand_with_their_values():
    assert "\n.B \\-i, \\-\\-input FILE\n" in PAGES["actcli-eval.1"]
    assert "actcli eval \\(aqx*tanh(b*x)\\(aq 1 2 \\-\\-set b=0.5\n" in PAGES["actcli-eval.1"]


@pytest.mark.skipif(shutil.which("mandoc") is None, reason="mandoc is not here")
@pytest.mark.parametrize("file", PAGES)
def test_mandoc_finds_nothing_wrong(tmp_path, file):
    (tmp_path / file).write_text(PAGES[file], "utf-8")
    told = subprocess.run(
        ["mandoc", "-Tlint", "-W", "warning", tmp_path / file], capture_output=True, text=True, check=False
    )
    assert [line for line in told.stdout.splitlines() if "missing date" not in line] == []
