"""What stands on the command line: numbers with a minus sign, options on both sides, `--`."""

import pytest
from program import Ended, Program


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        (["-1", "0", "1"], "-1.0 0.0 1.0"),
        (["-.5", "-1e-3", "-0"], "-0.5 -0.001 -0.0"),
        (["-inf", "-nan", "-Infinity"], "-inf nan -inf"),
        (["-1,-2", "-3 -4"], "-1.0 -2.0 -3.0 -4.0"),
        (["--", "-1", "2"], "-1.0 2.0"),
        (["--range", "-1", "1", "--points", "3"], "-1.0 0.0 1.0"),
        (["--range", "-.5", "5", "--points", "2"], "-0.5 5.0"),
        (["--range", "-5", "-5e-1", "--points", "1"], "-5.0"),
        (["-1", "--dtype", "float32", "-2"], "-1.0 -2.0"),
    ],
)
def test_a_minus_sign_makes_a_number(actcli: Program, given: list[str], wanted: str) -> None:
    ended = actcli("eval", "identity", *given)
    assert (ended.out.split(), ended.err, ended.status) == (wanted.split(), "", 0)


def test_a_number_before_the_options_and_between_them(actcli: Program) -> None:
    assert actcli("eval", "relu", "-1", "--format", "csv", "--with-x", "-2").lines == [
        "x,y",
        "-1.0,0.0",
        "-2.0,0.0",
    ]


@pytest.mark.parametrize("word", ["-5f7", "-1x", "-1_000", "-\u0663", "-0x10", "-i7"])
def test_what_is_nearly_a_number_is_refused(actcli: Program, word: str) -> None:
    ended = actcli("eval", "relu", word)
    assert ended.status != 0
    assert ended.out == ""
    assert ended.err.count("\n") == 1
    assert ended.err.startswith("actcli: ")


def test_what_looks_like_a_formula_is_an_argument(actcli: Program) -> None:
    ended = actcli("eval", "relu", "-tanh(x)")
    assert ended.status == 2
    assert "'-tanh(x)'" in ended.err
    assert "option" not in ended.err


@pytest.mark.parametrize("before", [True, False])
def test_the_programs_options_stand_on_either_side(actcli: Program, before: bool) -> None:
    options = ["--color", "always", "--threads", "1"]
    command = ["eval", "relu", "-1", "2"]
    line = [*options, *command] if before else [*command, *options]
    assert actcli(*line) == Ended("0.0\n2.0\n", "", 0)


def test_the_option_behind_the_command_wins(actcli: Program) -> None:
    line = ["--color", "always", "eval", "relu", "1", "--format", "table"]
    assert "\x1b[" in actcli(*line).out
    assert "\x1b[" not in actcli(*line, "--color", "never").out


def test_threads_come_from_the_environment_unless_they_are_given(actcli: Program) -> None:
    assert actcli("eval", "relu", "1", ACTCLI_THREADS="1") == Ended("1.0\n", "", 0)
    assert actcli("eval", "relu", "1", ACTCLI_THREADS="many").status == 2
    assert actcli("eval", "relu", "1", "--threads", "1", ACTCLI_THREADS="many").status == 0


@pytest.mark.parametrize(
    ("line", "status"),
    [("actcli eval relu 1 | cat", 0), ("seq 3 | actcli eval relu -", 0), ("actcli eval relu </dev/null", 0)],
)
def test_a_shell_line_works(actcli: Program, line: str, status: int) -> None:
    ended = actcli.shell(line)
    assert (ended.err, ended.status) == ("", status)


def test_debug_may_stand_anywhere_and_shows_the_traceback(actcli: Program) -> None:
    for line in (["--debug", "eval", "relu", "abc"], ["eval", "relu", "--debug", "abc"], ["evla", "--debug"]):
        ended = actcli(*line)
        assert ended.status == 2
        assert "Traceback" in ended.err
        assert ended.err.splitlines()[-1].startswith("actcli: ")


def test_behind_two_dashes_debug_is_an_argument(actcli: Program) -> None:
    ended = actcli("eval", "relu", "--", "--debug")
    assert ended.status == 2
    assert "'--debug'" in ended.err
    assert "Traceback" not in ended.err


def test_help_of_a_command_by_either_word_order(actcli: Program) -> None:
    assert actcli("help", "plot").out == actcli("plot", "--help").out
    assert actcli("--color", "never", "help", "eval").out == actcli("eval", "--help").out
    assert actcli("help").out == actcli("--help").out


def test_a_range_from_minus_pi_to_pi(actcli: Program) -> None:
    assert actcli("eval", "identity", "--range", "-pi", "pi", "--points", "3").lines == [
        "-3.141592653589793",
        "0.0",
        "3.141592653589793",
    ]
    assert actcli("eval", "relu", "-2pi", "-e", "pi/2").lines == ["0.0", "0.0", "1.5707963267948966"]
