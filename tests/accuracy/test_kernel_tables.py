"""The tables of the exact kernels are those that ball arithmetic gives."""

from pathlib import Path

import make_tables

from actcli.activations.exact import tables


def test_the_tables_are_those_of_the_script(capsys):
    make_tables.main()
    assert capsys.readouterr().out == Path(tables.__file__).read_text("utf-8")
