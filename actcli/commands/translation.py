"""From the words of Python to those of the command line: the one place where a message's parameters become options."""

import re

from actcli.commands.declaration import declared

_IN_PYTHON = re.compile(r"`\.?([a-z][a-z_]*)(?:\(\)|=([^`]*))?`")
"""A parameter or method as the core and the analysis write it: `order=3`, `at_kink` or `.jacobian()`."""


def in_options(message: str, options: type) -> str:
    """Return a message in the words of the command that takes `options`.

    `order=3` becomes --order 3, `at_kink` --at-kink, and `rates` --lr, as the fields of the class declare. Names that
    belong to no option stay as they are.
    """
    flags = {"threads": "--threads", "memory": "--memory"}
    for one in declared(options):
        name = one.declaration.name
        flags |= {one.name: name, name.lstrip("-").replace("-", "_"): name}

    def option(parameter: re.Match[str]) -> str:
        name, value = parameter.groups()
        if name not in flags:
            return parameter.group()
        return f"{flags[name]} {value}" if value else flags[name]

    return _IN_PYTHON.sub(option, message)
