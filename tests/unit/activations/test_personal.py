"""A person's own functions: entries in any order, and the faults of each."""

import math

import numpy as np
import pytest

from actcli.activations import Parameter, activation, await_functions, register, registered
from actcli.activations.personal import Entry, define_entries, refuse_name
from actcli.exits import UsageError

X = np.array([-3.0, -0.5, 0.0, 0.7, 2.0])


def entry(name, formula, *parameters, file="f.toml", aliases=(), about=""):
    return Entry(name, file, formula, parameters, aliases, about)


@pytest.fixture
def known():
    """Make entries known; return the list of messages, which is filled when a name is looked for."""

    def know(*entries):
        messages = []
        await_functions(lambda: entries, messages.append)
        return messages

    yield know
    register([])


def test_an_entry_stands_wherever_a_name_does(known):
    messages = known(
        entry("gate", "x*sigmoid(b*x)", Parameter("b", 1.5, low=0, open_low=True), aliases=("gate2",))
    )
    np.testing.assert_array_equal(activation("gate")(X), activation("x*sigmoid(1.5*x)")(X))
    np.testing.assert_array_equal(activation("Gate-2:b=2")(X), activation("x*sigmoid(2*x)")(X))
    np.testing.assert_array_equal(activation("1 + gate(x, b=2)")(X), 1 + activation("gate:2")(X))
    assert [one.name for one in registered()] == ["gate"]
    assert messages == []


def test_entries_use_one_another_in_any_order(known):
    known(entry("outer", "inner(x, k=2) + 1"), entry("inner", "cube(x)/k"), entry("cube", "x^3"))
    np.testing.assert_array_equal(activation("outer")(X), X * X * X / 2 + 1)
    assert [one.name for one in registered()] == ["outer", "inner", "cube"]
    assert activation("outer").grad(2.0) == pytest.approx(6.0, rel=1e-15)
    assert activation("outer").grad(2.0, order=3) == pytest.approx(3.0, rel=1e-15)


def test_a_nested_entry_has_its_kinks_and_its_domain(known):
    known(entry("bent", "abs(x - 1)"), entry("root", "sqrt(x + 2)"))
    assert [kink.at for kink in activation("3*bent(x)").kinks] == [1.0]
    assert activation("root(x)").definition.domain == (-2.0, math.inf)
    assert activation("2*root(x)").definition.domain == (-2.0, math.inf)


@pytest.mark.parametrize(
    ("formulas", "circles"),
    [
        ({"a1": "a1(x) + 1"}, {"a1": "a1 -> a1"}),
        ({"a1": "b1(x)", "b1": "a1(x)"}, {"a1": "a1 -> b1 -> a1", "b1": "b1 -> a1 -> b1"}),
        (
            {"a1": "b1(x)", "b1": "c1(x)", "c1": "a1(x)"},
            {"a1": "a1 -> b1 -> c1 -> a1", "b1": "b1 -> c1 -> a1 -> b1", "c1": "c1 -> a1 -> b1 -> c1"},
        ),
    ],
)
def test_a_circle_names_its_members(formulas, circles):
    definitions = {}
    found = define_entries([entry(name, formula) for name, formula in formulas.items()], definitions)
    assert found.faulty == {name: f"f.toml: {name}: uses itself: {way}" for name, way in circles.items()}
    assert definitions == {}


def test_a_wrong_entry_leaves_the_rest_and_tells_why(known):
    messages = known(
        entry("fine", "x^2"),
        entry("wrong", "x*sigmoi(x)"),
        entry("user", "wrong(x) + 1"),
    )
    assert activation("fine")(3.0) == 9.0
    because = "f.toml: wrong: x*sigmoi(x): column 3: there is no function 'sigmoi'"
    assert [sentence[: len(because)] for sentence in messages] == [
        because,
        "f.toml: user: uses wrong, which is wrong in f.toml",
    ]
    for spec in ("wrong", "wrong:1", "2*wrong(x)", "relu/wrong"):
        with pytest.raises(UsageError) as error:
            activation(spec)
        assert str(error.value).startswith(because)


def test_the_fault_of_the_wanted_name_is_raised_and_not_told_too(known):
    messages = known(entry("wrong", "x+"), entry("other", "x*"))
    with pytest.raises(UsageError, match=r"^f\.toml: wrong: "):
        activation("wrong")
    assert [sentence.split(": ")[1] for sentence in messages] == ["other"]


@pytest.mark.usefixtures("known")
def test_names_of_the_catalogue_and_of_the_language_load_nothing():
    loads = []
    await_functions(lambda: loads.append(1) or [], loads.append)
    for spec in (
        "relu",
        "leaky_relu:0.2",
        "torch.gelu",
        "x*exp(-x)",
        "where(x > 0, x, silu(x))",
        "log1p(erf(x))",
    ):
        activation(spec)(X)
    activation("mish").grad(X, order=4)
    assert loads == []
    with pytest.raises(UsageError, match="unknown function 'mine'"):
        activation("mine")
    assert loads == [1]


def test_the_later_file_wins_and_one_message_says_so(known):
    messages = known(entry("gate", "x^2", file="one.toml"), entry("gate", "x^3", file="two.toml"))
    assert activation("gate")(2.0) == 8.0
    assert activation("gate(x)")(3.0) == 27.0
    assert messages == ["gate is taken from two.toml, not from one.toml"]


def test_a_formula_follows_a_change_of_the_functions_in_it(known):
    known(entry("gate", "x^2"))
    assert activation("gate(x) + 1")(2.0) == 5.0
    known(entry("gate", "x^3"))
    assert activation("gate(x) + 1")(2.0) == 9.0
    known(entry("b", "x"))
    with pytest.raises(UsageError, match="b is a function"):
        activation("b*x:b=1")


def test_a_parameter_without_default_must_be_given(known):
    known(entry("free", "x*tanh(k*x)"))
    with pytest.raises(UsageError, match="must have a value: write 'free:k=1'"):
        activation("free")
    with pytest.raises(UsageError, match=r"k of free must have a value: write free\(x, k=1\)"):
        activation("1 + free(x)")
    assert activation("1 + free(x, k=2)")(1.0) == 1 + math.tanh(2.0)


@pytest.mark.parametrize(
    ("parameter", "values", "refused"),
    [
        (Parameter("b", 1.0, low=0, open_low=True, high=2), ("0.1", "2"), {"0": "> 0 and <= 2", "3": "> 0"}),
        (Parameter("b", 1.0, high=2, open_high=True), ("-5", "1.9"), {"2": "< 2, not 2"}),
        (Parameter("b", 1.0, whole=True), ("-3", "4"), {"1.5": "a whole number, not 1.5"}),
        (Parameter("b", 1.0, nonzero=True), ("-3",), {"0": "other than 0"}),
    ],
)
def test_bounds_hold(known, parameter, values, refused):
    known(entry("gate", "b*x", parameter))
    for value in values:
        assert activation(f"gate:{value}")(1.0) == float(value)
    for value, words in refused.items():
        with pytest.raises(UsageError, match=f"b must be {words}"):
            activation(f"gate:{value}")
        with pytest.raises(UsageError, match="b of gate"):
            activation(f"1 + gate(x, b={value})")


def test_what_functions_hide_in_one_another_is_bounded(known):
    doubling = [entry("f0", "x + 1"), *(entry(f"f{i}", f"f{i - 1}(x) + f{i - 1}(-x)") for i in range(1, 30))]
    in_a_row = [entry("r0", "x + 1"), *(entry(f"r{i}", f"r{i - 1}(x)") for i in range(1, 400))]
    known(*doubling, *in_a_row)
    assert [one.name for one in registered()] == [*(f"f{i}" for i in range(9)), *(f"r{i}" for i in range(20))]
    with pytest.raises(UsageError, match="1,000 parts at most"):
        activation("f8(x) + f8(2*x)")
    assert activation("r19").grad(0.5, order=2) == 0.0


@pytest.mark.parametrize("name", ["gate", "G2", "my_gate", "x2", "ee", "sin2", "relu7", "a" * 40])
def test_a_usable_name(name):
    assert refuse_name(name) is None


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("relu", "in the catalogue already"),
        ("Re-LU", "write Re_LU"),
        ("swish", "silu has that name already"),
        ("exp", "already"),
        ("log1p", "it has a meaning in formulas"),
        ("Arc_Tan", "already"),
        ("where", "it has a meaning in formulas"),
        ("plain", "it has a meaning in formulas"),
        ("x", "it has a meaning in formulas"),
        ("PI", "it has a meaning in formulas"),
        ("if", "it has a meaning in formulas"),
        ("beta", "the parameter β already"),
        ("torch", "stands before the names of a framework"),
        ("nan", "it is a number"),
        ("", "begins with a letter"),
        ("2x", "begins with a letter"),
        ("_g", "begins with a letter; write g"),
        ("my gate", "write my_gate"),
        ("torch.mine", "write torch_mine"),
        ("g\u0430te", "letters a to z"),
        ("σ", "letters a to z"),
        ("gate\n", "write gate"),
        ("a" * 41, "40 characters at most"),
    ],
)
def test_an_unusable_name(name, words):
    assert words in refuse_name(name)


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([entry("g", "x^2"), entry("G", "x^3")], "f.toml: G: g has the same name"),
        (
            [entry("g", "x^2"), entry("h", "x^3", aliases=("g",))],
            "f.toml: h: g has the same name",
        ),
        (
            [entry("g", "x", aliases=("relu",))],
            "f.toml: g: cannot have the alias relu: relu is in the catalogue already",
        ),
        ([entry("g", "b*x + B")], "f.toml: g: the parameters b and B differ by case or _ alone"),
        (
            [entry("g", "b*x", Parameter("c", 1.0))],
            "f.toml: g: b*x: column 1: there is no parameter c in it",
        ),
        ([entry("g", "h*x"), entry("h", "x")], "f.toml: g: h*x: column 1: h is a function: write h(x)"),
        (
            [entry("g", "hard_tanh(x, min=a, max=c)", Parameter("a", 2.0), Parameter("c", 1.0))],
            "f.toml: g: its parameters' defaults must meet min < max in hard_tanh",
        ),
        (
            [entry("g", "3 + 4")],
            "f.toml: g: 3 + 4: column 1: there is no x in it: a function is a formula in x",
        ),
    ],
)
def test_other_faults(known, entries, words):
    messages = known(*entries)
    registered()
    assert messages == [words]


def test_a_parameter_may_be_called_as_another_entry_is(known):
    messages = known(entry("k", "x^2"), entry("g", "x*k", Parameter("k", 3.0)), entry("h", "g(x, k=2)"))
    assert activation("g")(2.0) == 6.0
    assert activation("h")(2.0) == 4.0
    assert messages == []
