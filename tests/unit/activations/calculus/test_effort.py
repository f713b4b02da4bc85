"""The limit to the work that goes into lost digits: it is counted, kept, and the same each time."""

from dataclasses import replace

import numpy as np
import pytest

from actcli import activation
from actcli.activations.calculus.effort import Effort

CANCELS = "sqrt(x^2 + 1) - x*tanh(x)"
X = np.linspace(1e7, 1e9, 400)


def limited(units):
    return replace(activation(CANCELS), effort=Effort(units))


def test_a_formula_without_a_limit_gets_all_of_its_digits():
    assert (activation(CANCELS)(X) > 0).all()


def test_a_spent_effort_leaves_the_results_of_float64():
    f = limited(0)
    assert (f(X) == 0).any()
    assert f.is_approximate
    assert f.is_known(X).all()


def test_an_effort_is_used_only_as_far_as_it_goes():
    f = limited(1e9)
    assert np.array_equal(f(X), activation(CANCELS)(X))
    assert 0 < f.effort.used < 1e9
    assert not f.is_approximate


def test_what_is_kept_from_before_is_charged_again_but_once():
    first, second = limited(1e9), limited(1e9)
    for f in (first, second):
        f(X)
        f(X + 1)
    assert first.effort.used == second.effort.used


def test_what_is_found_with_a_part_of_the_effort_is_not_kept():
    text = f"{CANCELS} + 0*x"
    some = replace(activation(text), effort=Effort(200))
    some(X)
    assert some.is_approximate
    assert (activation(text)(X) > 0).all()


@pytest.mark.parametrize("name", ["gelu", "softmax"])
def test_functions_of_the_catalogue_need_no_effort(name):
    f = replace(activation(name), effort=Effort(0))
    assert np.array_equal(f(X), activation(name)(X))
