"""`compare -o`: a page, several files at once, and the command line that stands on the page."""

import json
import shlex
from pathlib import Path

import pytest
from invocation import invoke, refused

from actcli.exits import DataError

LINE = ("compare", "relu", "leaky_relu", "--by", "values", "--range", "-1", "1")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_several_files_are_written_and_the_answer_is_said_once():
    done = invoke(*LINE, "-o", "a.html", "-o", "a.json", "-o", "a.csv", "-o", "a.md")
    assert done.out == ""
    assert done.err.count("leaky_relu") == 1
    answer = json.loads(Path("a.json").read_text())["answer"]
    assert answer in Path("a.html").read_text()
    assert len(Path("a.csv").read_text().splitlines()) == 3


def test_standard_output_may_be_one_of_them():
    done = invoke(*LINE, "-o", "-", "-o", "a.html")
    assert done.out.startswith("function\t")
    assert Path("a.html").exists()
    assert invoke(*LINE, "--format", "html").out.startswith("<!DOCTYPE html>")


def test_a_page_has_the_chart_with_and_without_plot():
    invoke(*LINE, "-o", "a.html")
    invoke(*LINE, "--plot", "-o", "b.html")
    pages = [Path(name).read_text() for name in ("a.html", "b.html")]
    assert all(page.count('<svg class="figure') == 1 for page in pages)
    assert all("<table>" in page for page in pages)


def test_a_chart_beside_a_table():
    invoke(*LINE, "--plot", "-o", "a.txt", "-o", "a.json", "-o", "a.html")
    assert "┤" in Path("a.txt").read_text()
    assert json.loads(Path("a.json").read_text())["by"] == "values"
    assert "<table>" in Path("a.html").read_text()


def test_a_picture_beside_a_page():
    pytest.importorskip("matplotlib")
    invoke(*LINE, "--plot", "-o", "a.png", "-o", "a.html", "--dpi", "60")
    assert Path("a.png").read_bytes().startswith(b"\x89PNG")
    assert Path("a.html").exists()


def test_the_command_is_on_the_page_without_the_home_of_its_author(folder):
    words = (
        "compare",
        "relu",
        "x*tanh(x)",
        "--by",
        "values",
        "--range",
        "-1",
        "1",
        "-o",
        f"{folder}/a b.html",
    )
    invoke(*words, environ={"HOME": str(folder)})
    page = Path("a b.html").read_text()
    assert str(folder) not in page
    assert (
        "actcli compare relu &#x27;x*tanh(x)&#x27; --by values --range -1 1 -o &#x27;~/a b.html&#x27;" in page
    )
    assert "actcli " + shlex.join(words).replace(f"{folder}/", "~/")


def test_a_function_named_like_markup_is_text():
    Path("own.toml").write_text('[w]\nformula = "max(0, x) + 0*x"\n')
    invoke("compare", "relu", "x+0*x", "--by", "values", "--range", "-1", "1", "-o", "<img src=x>.html")
    page = Path("<img src=x>.html").read_text()
    assert "<img" not in page
    assert "&lt;img src=x&gt;.html" in page


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("-o", "a.html", "-o", "a.html"), "two options name the file a.html"),
        (("-o", "a.html", "-o", "./a.html"), "two options name the file ./a.html"),
        (("-o", "-", "-o", "/dev/stdout"), "standard output twice"),
        (("-o", "a.html", "-o", "b.json", "--format", "html"), "--format goes with one -o"),
        (("-o", "a.csv", "--format", "html"), "html goes to a file that ends in .html"),
        (("-o", "a.html", "--format", "json"), "html by its suffix"),
        (("-o", "a.csv", "-o", "b.json", "--plot"), "no -o names a chart"),
        (("-o", "a.html", "-o", "b.svg"), "add --plot"),
        (("-o", "a.html", "-o", "b.pt"), "names no format"),
        (("-o", "a.html", "-o", ""), "needs the name of a file"),
        (("-o", "a.html", "-o", "b.npy"), "npy"),
        (("-o", "a.html", "-o", "b.xml"), "junit is a verdict"),
        (("-o", "a.html", "--best", "largest_difference"), "--output"),
        (("-o", "a.html", "--dpi", "300"), "belongs to"),
    ],
)
def test_outputs_that_disagree_are_refused(more, said):
    assert said in refused(*LINE, *more)
    assert list(Path().iterdir()) == []


def test_a_folder_that_is_missing_is_noticed_before_anything_is_measured():
    assert "no/a.html" in refused(*LINE, "-o", "b.json", "-o", "no/a.html", kind=DataError)
    assert list(Path().iterdir()) == []


def test_a_recording_and_a_page_are_different_files():
    line = (
        "compare",
        "relu",
        "gelu",
        "--by",
        "training",
        "--record",
        "a.json",
        "-o",
        "b.html",
        "-o",
        "a.json",
    )
    assert "--record and -o both name a.json" in refused(*line)
