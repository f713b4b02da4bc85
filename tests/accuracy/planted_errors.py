"""Counts wrong derivatives that `grad --check` finds: `python tests/accuracy/planted_errors.py`.

30 functions have the derivative that somebody could have written by mistake: a factor, a sign, a chain rule left out,
a neighbour's formula, one branch, one tail. The exit status is 1 if fewer than 29 are found.
"""

import sys
from dataclasses import replace

from actcli import activation
from actcli.activations import Activation
from actcli.analysis.stream.derivative_check import check_derivative

PLANTED = (
    ("x*sigmoid(x)", "sigmoid(x)*(1 + x*sigmoid(x))"),
    ("x*sigmoid(x)", "sigmoid(x) + x*sigmoid(x)*(1 - sigmoid(x))*1.00001"),
    ("x*tanh(softplus(x))", "tanh(softplus(x)) + x*(1 - tanh(softplus(x))^2)"),
    ("x*tanh(softplus(x))", "tanh(softplus(x)) - x*(1 - tanh(softplus(x))^2)*sigmoid(x)"),
    ("gelu(x)", "normcdf(x) + x*exp(-x^2/2)/sqrt(pi)"),
    ("gelu(x)", "normcdf(x)"),
    ("gelu_tanh(x)", "normcdf(x) + x*exp(-x^2/2)/sqrt(2*pi)"),
    ("tanh(x)", "1 - tanh(x)"),
    ("tanh(2*x)", "1 - tanh(2*x)^2"),
    ("tanh(x)", "where(x < 9, 1 - tanh(x)^2, 0)"),
    ("sigmoid(x)", "sigmoid(x)*(1 - sigmoid(x))*(1 + 1e-5*exp(-(x - 3)^2))"),
    ("sigmoid(x)", "where(x > -15, sigmoid(x)*(1 - sigmoid(x)), 0)"),
    ("arctan(x)", "1/(1 + x^2/2)"),
    ("arctan(x)", "1/sqrt(1 + x^2)"),
    ("erf(x)", "exp(-x^2)/sqrt(pi)"),
    ("where(x > 0, x, exp(x) - 1)", "where(x > 0, 1, exp(x) - 1)"),
    ("where(x > 0, x, 0.5*(exp(x) - 1))", "where(x > 0, 1, exp(x))"),
    ("max(x, 0.01*x)", "where(x > 0, 1, 0.1)"),
    ("max(x, 0)^2", "2*max(x, 0) + where(x > 9, 1e-3, 0)"),
    ("x/(1 + abs(x))", "1/(1 + abs(x))"),
    ("x/(1 + abs(x))", "1/(1 + x^2)"),
    ("softplus(x)", "sigmoid(x + 1e-4)"),
    ("log(1 + exp(2*x))", "sigmoid(2*x)"),
    ("x*erf(softplus(x))", "erf(softplus(x)) + 2*x*exp(-softplus(x)^2)/sqrt(pi)"),
    ("x + sin(x)^2", "1 + 2*sin(x)*cos(x) + 1e-5"),
    ("sin(30*x)", "cos(30*x)"),
    ("x*exp(-x^2/2)", "(1 + x^2)*exp(-x^2/2)"),
    ("sqrt(1 + x^2)", "x/(1 + x^2)"),
    ("(x + sqrt(x^2 + 4))/2", "(1 + x/sqrt(x^2 + 2))/2"),
    ("min(max(x + 3, 0), 6)*x/6", "where(x < -3, 0, where(x > 3, 1, (2*x + 3.001)/6))"),
)
ENOUGH = 29


def plant(value: str, slope: str) -> Activation:
    """Return a function with the value of one formula and, as its slope, another formula."""
    f, wrong = activation(value), activation(slope)
    return replace(f, definition=replace(f.definition, family="planted", slope=wrong))


def is_found(value: str, slope: str) -> bool:
    """Return whether the check calls the slope wrong."""
    return not check_derivative(plant(value, slope), None).passed


def main() -> int:
    """Print the errors that are not found, and how many are."""
    found = 0
    for value, slope in PLANTED:
        known = is_found(value, slope)
        found += known
        if not known:
            print(f"not found: {value} with the derivative {slope}")
    print(f"{found} of {len(PLANTED)} found")
    return int(found < ENOUGH)


if __name__ == "__main__":
    sys.exit(main())
