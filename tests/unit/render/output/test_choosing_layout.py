import re

import pytest
from rendering import terminal

from actcli.exits import UsageError
from actcli.render.output.layout import Layout, choose_layout


def layout(kind=None, output=None, with_x=False, digits=None, *, tty=False):
    return choose_layout(kind, output, with_x, digits, terminal(stdout_is_tty=tty))


def test_a_person_gets_a_table_and_a_pipe_plain_numbers():
    assert layout(tty=True) == Layout("table", None)
    assert layout() == Layout("plain", None)
    assert layout("csv", tty=True).format == "csv"
    assert layout(output="-") == Layout("plain", None)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("y.npy", "npy"),
        ("y.npz", "npz"),
        ("y.csv", "csv"),
        ("y.TSV", "tsv"),
        ("a.b/y.json", "json"),
        ("y.jsonl", "jsonl"),
        ("y.txt", "plain"),
        ("y.md", "markdown"),
    ],
)
def test_the_suffix_decides(name, meant):
    assert layout(output=name, tty=True) == Layout(meant, name)
    assert layout(kind=meant, output=name).format == meant


@pytest.mark.parametrize("kind", ["table", "markdown", "plain"])
def test_a_txt_file_takes_every_text_for_readers(kind):
    assert layout(kind, "y.txt").format == kind


def test_a_file_without_a_known_suffix_takes_what_format_says():
    assert layout("csv", "results") == Layout("csv", "results")
    assert layout("plain", "y.dat").format == "plain"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"output": "results"}, "the suffix names no format"),
        ({"output": ".npy"}, "the suffix names no format"),
        ({"output": "y.dat"}, "--format"),
        ({"output": ""}, "-o needs the name of a file"),
        ({"output": "y.npy", "kind": "csv"}, "-o 'y.npy' is npy by its suffix"),
        ({"output": "y.txt", "kind": "json"}, "is plain by its suffix"),
        ({"output": "y.md", "kind": "table"}, "is markdown by its suffix"),
        ({"kind": "npy"}, "name the file with -o FILE.npy"),
        ({"kind": "yaml"}, "choose one of table, plain, csv"),
        ({"digits": 3}, "--digits belongs to --format table or markdown"),
        ({"kind": "table", "digits": 0}, "1 to 17"),
        ({"kind": "table", "digits": 18}, "1 to 17"),
        ({"kind": "json", "with_x": True}, "leave out --with-x"),
        ({"output": "y.npy", "with_x": True}, "leave out --with-x"),
        ({"output": "y.npz", "with_x": True}, "leave out --with-x"),
    ],
)
def test_options_that_disagree(arguments, said):
    with pytest.raises(UsageError, match=re.escape(said)):
        layout(**arguments)


@pytest.mark.parametrize("kind", ["table", "markdown", "jsonl", "plain", "csv", "tsv"])
def test_x_beside_y_is_no_contradiction_where_it_is_shown_anyway(kind):
    assert layout(kind, with_x=True) == Layout(kind, None, with_x=True)


def test_digits_for_readers():
    assert layout(digits=3, tty=True).digits == 3
    assert layout(output="y.md", digits=17).digits == 17
