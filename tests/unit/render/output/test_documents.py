"""Documents in pieces: the same text as in one piece, and never in memory as a whole."""

import io
import math

import pytest
from rendering import terminal

from actcli.render.output.documents import json_document, json_line, stream_json, write_document
from actcli.render.output.layout import Layout
from actcli.render.text.delimited import delimited_text, stream_delimited

UNITS = [
    {"unit": i, "rate": math.nan if i % 7 else i / 3, "name": f"é\x9b\n{i}", "of": []} for i in range(3000)
]


def document(units):
    return {
        "a": {},
        "layers": [{"no": [], "units": units(UNITS)}, {"units": units([])}],
        "b": [{"c": [1, 2]}],
    }


def test_json_in_pieces_is_the_json_of_the_whole():
    assert "".join(stream_json(document(iter), indented=True)) == json_document(document(list))
    assert "".join(stream_json(document(iter), indented=False)) == json_line(document(list))
    assert "".join(stream_json(document(list), indented=True)) == json_document(document(list))
    assert max(map(len, stream_json(document(iter), indented=True))) < len(json_document(document(list))) / 2


@pytest.mark.parametrize("form", ["csv", "tsv"])
def test_rows_in_pieces_are_the_rows_of_the_whole(form):
    rows = [[str(i), 'a,"b"', "x\ty"] for i in range(10_000)]
    assert "".join(stream_delimited(rows, form)) == delimited_text(rows, form)
    assert list(stream_delimited([], form)) == []


@pytest.mark.parametrize("form", ["json", "plain"])
def test_pieces_go_to_stdout_or_a_file(tmp_path, form):
    world = terminal(io.BytesIO())
    write_document(iter(["é\n", "b\n"]), Layout(form, None), world)
    assert world.stdout.getvalue().decode() == "é\nb\n"
    path = tmp_path / "out.txt"
    write_document(iter(["é\n", "b\n"]), Layout(form, str(path)), world)
    assert path.read_text() == "é\nb\n"
