"""The screens of `list` and `info`, line by line, and a second look at their numbers, computed another way.

ACTCLI_WRITE_GOLDEN=1 writes the files anew; the second look keeps them from blessing a wrong number.
"""

import math
import os
import re
from pathlib import Path

import numpy as np
import pytest
from invocation import invoke

from actcli import activation, catalogue

FOLDER = Path(__file__).parents[2] / "golden"
SCREENS = [
    (command, width, encoding)
    for command in (
        ("list",),
        ("list", "--framework", "torch"),
        ("info", "gelu"),
        ("info", "hard_tanh"),
        ("info", "torch.softplus"),
        ("info", "selu"),
        ("info", "softmax"),
    )
    for width in (80, 120)
    for encoding in ("utf-8", "ascii")
]
# E g(z), z ~ N(0, 1), by the plainest sum there is.
Z = np.linspace(-12.0, 12.0, 2_400_001)[1:-1]
WEIGHT = np.exp(-Z * Z / 2) / np.exp(-Z * Z / 2).sum()


def golden(command: tuple[str, ...], width: int, encoding: str) -> Path:
    return FOLDER / f"{'_'.join(word.strip('-') for word in command)}_{width}_{encoding.replace('-', '')}.txt"


def screen(command: tuple[str, ...], width: int, encoding: str, **more) -> str:
    ended = invoke(*command, encoding=encoding, stdout_is_tty=True, size=(width, 24), **more)
    assert ended.status == 0
    return ended.out


def facts(name: str, width: int = 80) -> dict[str, str]:
    """The first word or words of each line of a card, to the rest of it."""
    text = golden(("info", name), width, "ascii").read_text()
    return {line[2:18].strip(): line[18:].strip() for line in text.splitlines() if line.startswith("  ")}


@pytest.mark.parametrize(("command", "width", "encoding"), SCREENS)
def test_the_screen_is_the_golden_one(command: tuple[str, ...], width: int, encoding: str) -> None:
    shown, path = screen(command, width, encoding), golden(command, width, encoding)
    if os.environ.get("ACTCLI_WRITE_GOLDEN"):
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")
    assert max(map(len, shown.splitlines())) <= width
    assert encoding != "ascii" or shown.isascii()
    assert "?" not in shown
    assert not any(line != line.rstrip() for line in shown.splitlines())


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", ["gelu", "hard_tanh", "torch.softplus", "selu"])
def test_the_moments_and_gains_of_a_golden_card(name: str, width: int) -> None:
    f, said = activation(name), facts(name, width)
    moments = {}
    for line, values in (("f(z)", f(Z)), ("f'(z)", f.grad(Z))):
        mean, variance, second = map(float, said[line].split())
        assert mean == pytest.approx(float(values @ WEIGHT), rel=2e-5, abs=2e-6)
        assert second == pytest.approx(float(values**2 @ WEIGHT), rel=2e-5)
        assert variance == pytest.approx(second - mean**2, rel=1e-4)
        moments[line] = second, variance
    gains = {key: float(said[key].split()[0]) for key in ("second moment", "deviation", "gradient")}
    assert gains["second moment"] == pytest.approx(moments["f(z)"][0] ** -0.5, rel=1e-5)
    assert gains["deviation"] == pytest.approx(moments["f(z)"][1] ** -0.5, rel=1e-5)
    assert gains["gradient"] == pytest.approx(moments["f'(z)"][0] ** -0.5, rel=1e-5)


@pytest.mark.parametrize("name", ["gelu", "hard_tanh", "torch.softplus", "selu"])
def test_the_slopes_of_a_golden_card(name: str) -> None:
    f, said = activation(name), facts(name)
    x = np.linspace(-30, 30, 600_001)
    slopes = np.abs(np.diff(f(x)) / np.diff(x))  # differences of the value, not the derivative
    largest = float(said["largest |f'|"].split()[0])
    assert slopes.max() == pytest.approx(largest, rel=1e-4)
    bound = re.match(r"(\|x\||x) ([<>]) (\S+)", said["saturated"])
    assert bound
    ends = -abs(float(bound[3])) if bound[2] == "<" or bound[1] == "|x|" else float(bound[3])
    outside = x[1:] < ends
    assert slopes[outside].max() < 1e-3 * largest
    assert slopes[~outside].max() >= 1e-3 * largest
    assert float(said["f(0)"]) == pytest.approx(float(f(0.0)), abs=1e-6)


def test_the_smallest_value_of_the_golden_gelu() -> None:
    low, at = re.match(r"\[(\S+), inf\), smallest at x = (\S+)", facts("gelu")["range"]).groups()
    x = np.linspace(-3, 3, 600_001)
    assert float(low) == pytest.approx(float(activation("gelu")(x).min()), rel=1e-5)
    assert float(at) == pytest.approx(float(x[activation("gelu")(x).argmin()]), abs=1e-4)


@pytest.mark.parametrize("name", ["hard_tanh", "torch.softplus", "selu"])
def test_the_kinks_of_a_golden_card(name: str) -> None:
    lines = golden(("info", name), 120, "ascii").read_text().partition("\nKinks\n")[2].partition("\n\n")[0]
    f = activation(name)
    seen = 0
    for line in lines.splitlines()[2:]:
        at, order, left, right, *_ = line.split()
        beside = float(at) + np.array([-2e-6, -1e-6, 1e-6, 2e-6])
        y = f(beside)
        assert order == "f'"
        assert [(y[1] - y[0]) / 1e-6, (y[3] - y[2]) / 1e-6] == pytest.approx(
            [float(left), float(right)], abs=1e-5
        )
        seen += 1
    assert seen == len(f.kinks)


def test_the_ranges_and_flat_parts_of_the_golden_list() -> None:
    lines = golden(("list",), 120, "ascii").read_text().splitlines()
    definitions = {definition.name: definition for definition in catalogue()}
    seen = 0
    for line in lines[2:-1]:
        name = line.split()[0]
        low, high = re.search(r"(\S+) \.\.\. (\S+)", line).groups()
        if definitions[name].by_rows or "." in name or name == "logit":
            continue
        f = activation(name)
        x = np.linspace(-40, 40, 80_001)
        y, steps = f(np.append(x, [-1e6, 1e6])), np.abs(np.diff(f(x)))
        for end, got in ((float(low), y.min()), (float(high), y.max())):
            assert abs(got) > 30 if math.isinf(end) else got == pytest.approx(end, rel=5e-3, abs=0.03)
        # a part without gradient is at least 0.9 wide somewhere in -5 … 5, and exactly level
        near = steps[35_000:45_000]
        level = bool((np.convolve(near == 0, np.ones(900), "valid") == 900).any())
        assert level == bool(re.search(r"(<|>)=? |all x", line[line.index("...") :])) or name in {
            "laplace",
            "gelu_10",
        }
        seen += 1
    assert seen > 30


def test_colour_adds_escapes_and_changes_nothing_else() -> None:
    for command in (("list",), ("info", "hard_tanh")):
        coloured = screen(command, 80, "utf-8", color_choice="always")
        assert "\x1b[" in coloured
        plain = re.sub(r"\x1b\[[\d;]*m", "", coloured)
        assert [line.rstrip() for line in plain.splitlines()] == screen(command, 80, "utf-8").splitlines()


def test_a_narrow_terminal_loses_no_word() -> None:
    def words(text: str) -> set[str]:
        said = "\n".join(line for line in text.splitlines() if not in_chart.search(line))
        return set(re.findall(r"[\w.']+", said))

    # the chart, with the numbers on its axis, needs 60 columns
    in_chart = re.compile("[┌│┤├┼└]|^ +-\\d.* \\d$")
    wide, narrow = (screen(("info", "selu"), width, "utf-8") for width in (120, 40))
    assert in_chart.search(wide)
    assert not in_chart.search(narrow)
    assert words(wide) <= words(narrow)
