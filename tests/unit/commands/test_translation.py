"""Errors name parameters: in Python's words to a Python caller, as options to a user of the command line."""

import pytest
from invocation import refused

from actcli import activation
from actcli.commands.compare.options import CompareOptions
from actcli.commands.grad import GradOptions
from actcli.commands.translation import in_options
from actcli.exits import UsageError


@pytest.mark.parametrize(
    ("message", "options", "shown"),
    [
        ("`order=3`: too high", GradOptions, "--order 3: too high"),
        ("`at_kink='up'`: known are left", GradOptions, "--at-kink 'up': known are left"),
        ("use `.jacobian()`", GradOptions, "use --jacobian"),
        ("fewer (`seeds`) or `rates`, `depth`", CompareOptions, "fewer (--seeds) or --lr, --depth"),
        ("relu has no parameter 'b'", GradOptions, "relu has no parameter 'b'"),
        ("a `seeds` or `typed` text stays", GradOptions, "a `seeds` or `typed` text stays"),
        ("` has no place in a formula", GradOptions, "` has no place in a formula"),
    ],
)
def test_a_parameter_in_backquotes_becomes_an_option(message, options, shown):
    assert in_options(message, options) == shown


@pytest.mark.parametrize(
    ("call", "parameter", "line", "option"),
    [
        (lambda: activation("glu").grad([1.0, 2.0]), "`.jacobian()`", "grad glu 1 2", "--jacobian"),
        (
            lambda: activation("softmax").grad([1.0, 2.0], at_kink="left"),
            "`at_kink='left'`",
            "grad softmax 1 2 --at-kink left",
            "--at-kink 'left'",
        ),
        (
            lambda: activation("softmax").grad([1.0, 2.0], order=3),
            "`order=3`",
            "grad softmax 1 2 --order 3",
            "--order 3",
        ),
    ],
)
def test_python_reads_of_the_parameter_and_the_command_line_of_the_option(call, parameter, line, option):
    with pytest.raises(UsageError) as error:
        call()
    assert parameter in str(error.value)
    assert "--" not in str(error.value)
    message = refused(*line.split())
    assert option in message
    assert "`" not in message
