"""The documentation leaves nothing out: every command, option, exit status and function stands on its page."""

import re
from pathlib import Path

import numpy as np
import pytest
import typer

from actcli import activation, catalogue
from actcli.app import COMMANDS, CommandGroup, app
from actcli.exits import ExitStatus

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = sorted((ROOT / "docs").rglob("*.md"))


def options():
    """Every option of every command, as typed."""
    group = typer.main.get_command(app)
    assert isinstance(group, CommandGroup)
    with group.make_context("actcli", ["eval"], resilient_parsing=True) as context:
        commands = [(name, group.get_command(context, name)) for name in COMMANDS]
        yield from (("actcli", option) for option in names_of(group.get_params(context)))
        for name, command in commands:
            with command.make_context(name, [], parent=context, resilient_parsing=True) as inner:
                yield from ((name, option) for option in names_of(command.get_params(inner)))


def names_of(parameters):
    return [name for parameter in parameters for name in parameter.opts if name.startswith("-")]


def page(name):
    return (ROOT / "docs" / f"{name}.md").read_text("utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_its_page_and_stands_in_the_readme(name):
    assert page(name).startswith(f"# actcli {name}\n")
    assert f"actcli {name}" in README
    assert f"(docs/{name}.md)" in README


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.parent.name + "/" + path.stem)
def test_every_page_is_reached_from_the_readme_and_leads_back(path):
    assert f"({path.relative_to(ROOT)})" in README
    assert "../README.md" in path.read_text("utf-8")


@pytest.mark.parametrize(
    "path", [*ROOT.glob("*.md"), *PAGES], ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_every_link_leads_to_a_file(path):
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text("utf-8"))
    assert not [link for link in links if "//" not in link and not (path.parent / link).exists()]


@pytest.mark.parametrize(("command", "option"), sorted(set(options())))
def test_every_option_stands_on_its_command_s_page(command, option):
    text = page("program" if command == "actcli" else command)
    assert re.search(rf"(?<![\w-]){re.escape(option)}(?![\w-])", text)


@pytest.mark.parametrize("status", ExitStatus)
def test_every_exit_status_is_explained(status):
    for text in (README, page("program")):
        assert re.search(rf"^\| {status.value} \| \w", text, re.MULTILINE)


@pytest.mark.parametrize("definition", catalogue(), ids=lambda d: d.name)
def test_every_function_is_listed(definition):
    assert f"| `{definition.name}` |" in page("functions")


def test_the_python_example_says_what_it_returns():
    code = re.search(r"```python\n(.*?)```", page("python"), re.DOTALL)[1]
    stated = dict(re.findall(r"^(f[.(].*?)\s+# (array\(.*\))$", code, re.MULTILINE))
    f = activation("leaky_relu:alpha=0.2")
    assert stated == {
        "f([-1.0, 2.0])": repr(f([-1.0, 2.0])),
        'f.grad([-1.0, 0.0], at_kink="mean")': repr(f.grad([-1.0, 0.0], at_kink="mean")),
        'f.grad([-1.0, 2.0], wrt="alpha")': repr(f.grad([-1.0, 2.0], wrt="alpha")),
    }
    assert f.parameters == {"alpha": 0.2}
    assert np.isscalar(f.kinks[0].at)


def named_paths():
    """Every path of the repository that the architecture page names."""
    return set(re.findall(r"`((?:actcli|completions|docs|tests)/[\w./-]*)`", page("architecture")))


def test_every_path_of_the_architecture_page_exists():
    assert not [path for path in sorted(named_paths()) if not (ROOT / path).exists()]


def test_every_folder_stands_on_the_map():
    folders = {path.parent for path in (ROOT / "actcli").rglob("[!_]*.py")} - {ROOT / "actcli"}
    assert not [folder for folder in sorted(folders) if f"{folder.relative_to(ROOT)}/" not in named_paths()]


def test_the_changelog_has_the_version_or_unreleased_changes():
    assert re.search(r"^## \[Unreleased\]$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
