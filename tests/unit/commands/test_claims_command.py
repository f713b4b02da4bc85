"""`actcli claims`: what stands on a terminal and in a pipe, and that the package has what the page has."""

import pytest
from invocation import invoke, refused
from recordings import load
from study import BUNDLE, CLAIMS, bundle, says

TITLES = [claim.title for claim in CLAIMS.values()]


def test_the_package_has_the_recordings_of_the_page():
    assert BUNDLE.read_text("utf-8") == bundle()
    assert all(says(name) for name in CLAIMS)


def test_all_claims_with_their_commands_and_verdicts():
    piped, shown = invoke("claims").out, invoke("claims", stdout_is_tty=True).out
    for name, claim in CLAIMS.items():
        verdict, reasons = claim.judge(load(name))
        assert f"$ {claim.command}\n" in piped
        assert f"**{verdict}.** {reasons}\n" in piped
        assert f"   $ {claim.command}\n" in shown
        assert verdict in shown
    assert [line.partition(". ")[2] for line in piped.splitlines() if line.startswith("## ")] == TITLES
    assert "**" not in shown
    assert "Recorded on" in " ".join(shown.split())


@pytest.mark.parametrize("word", ["2", "vanishing", " Vanishing "])
def test_one_claim_with_all_that_its_command_printed(word):
    kept = load("vanishing")
    screen = "\n".join(kept.screen)
    assert screen in invoke("claims", word).out
    shown = invoke("claims", word, stdout_is_tty=True).out
    assert screen in shown
    assert "Hochreiter 1991" in shown


@pytest.mark.parametrize(
    "word", ["0", "8", "-1", "2.0", "", "relu", "all", "1,2", "\x1b[31m", "../claims", "*"]
)
def test_claims_that_do_not_exist(word):
    said = refused("claims", word)
    assert "no claim" in said
    assert "from 1 to 7" in said
    assert "faster, vanishing, dying" in said


def test_one_claim_at_a_time():
    assert "leave out" in refused("claims", "1", "2")
