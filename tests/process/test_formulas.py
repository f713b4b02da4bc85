"""Formulas in the real program: a caret below a mistake, nothing outside touched, flat memory."""

import numpy as np
from program import Program


def test_a_mistake_is_pointed_at(actcli: Program) -> None:
    ended = actcli("eval", "x*tanh(2x)", "1")
    assert ended.status == 2
    assert ended.out == ""
    assert ended.err == (
        "actcli: x*tanh(2x): column 9: a sign is missing: write 2*x for a product\n  x*tanh(2x)\n          ^\n"
    )


def test_hostile_texts_touch_nothing(actcli: Program) -> None:
    for text in (
        "__import__('os').system('touch owned')",
        "open('owned','w')*x",
        "$(touch owned)*x",
        "`touch owned`",
        "x\x1b]0;owned\x07",
        "9**9**9",
        "(" * 10000,
        "{x.__class__}",
    ):
        ended = actcli("eval", text, "1")
        assert ended.status == 2, text
        assert "Traceback" not in ended.err
        assert "\x1b" not in ended.err
    assert list(actcli.folder.iterdir()) == []


def test_a_file_goes_through_a_formula_as_through_a_function(actcli: Program) -> None:
    x = np.random.default_rng(0).standard_normal(300_000).astype(np.float32)
    np.save(actcli.folder / "x.npy", x)
    assert actcli("eval", "x/(1+exp(-x))", "x.npy", "-o", "formula.npy").status == 0
    assert actcli("eval", "silu", "x.npy", "-o", "name.npy").status == 0
    formula, name = np.load(actcli.folder / "formula.npy"), np.load(actcli.folder / "name.npy")
    assert formula.dtype == np.float32
    np.testing.assert_array_max_ulp(formula, name, 1)


def test_a_stream_goes_through_a_formula(actcli: Program) -> None:
    ended = actcli.shell("seq 3 | actcli eval 'x²'")
    assert ended.lines == ["1.0", "4.0", "9.0"]
