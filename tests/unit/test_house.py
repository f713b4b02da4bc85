"""The package keeps its shape: no import circles, no crowded folder, no long file, one meaning per class name."""

import ast
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_FILES = 20
MOST_LINES = 400


@cache
def modules():
    """Map the name of every module of the package to its syntax tree."""
    paths = sorted((ROOT / "actcli").rglob("*.py"))
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    trees = [ast.parse(path.read_text("utf-8")) for path in paths]
    return {name.removesuffix(".__init__"): tree for name, tree in zip(names, trees, strict=True)}


@cache
def imports():
    """Map every module to the modules that it imports, in functions and for type checkers too."""
    graph = {name: set() for name in modules()}
    for name, tree in modules().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                graph[name] |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                deeper = {f"{node.module}.{alias.name}" for alias in node.names}
                graph[name] |= deeper if deeper <= graph.keys() else {node.module, *deeper}
        graph[name] &= graph.keys() - {name}
    return graph


def circles(graph):
    """List the groups of nodes that reach one another."""
    reached = {}
    for start in graph:
        found, todo = set(), [start]
        while todo:
            new = graph[todo.pop()] - found
            found |= new
            todo += new
        reached[start] = found
    groups = {frozenset(b for b in reached[a] if a in reached[b]) for a in graph}
    return [sorted(group) for group in groups if len(group) > 1]


def siblings(package):
    """Import graph of the files and folders directly below a package."""
    graph = defaultdict(set)
    for name, targets in imports().items():
        for target in targets:
            if name.startswith(f"{package}.") and target.startswith(f"{package}."):
                ends = (end.removeprefix(f"{package}.").partition(".")[0] for end in (name, target))
                child, other = ends
                graph[child] |= {other} - {child}
                graph[other] |= set()
    return graph


def test_the_graph_sees_imports_in_functions_and_of_names():
    assert "actcli.commands.eval" not in imports()["actcli.commands.grad"]
    assert "actcli.exits" in imports()["actcli.app"]
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == [["b", "c"]]


def test_no_circle_between_files():
    assert not circles(imports())


@pytest.mark.parametrize("layer", ["activations", "analysis", "commands", "render", "sources"])
def test_no_circle_between_the_folders_of_a_layer(layer):
    assert not circles(siblings(f"actcli.{layer}"))


def test_no_folder_has_too_many_files():
    counts = Counter(path.parent for path in (ROOT / "actcli").rglob("*.py"))
    assert not [folder for folder, count in counts.items() if count > MOST_FILES]


def test_no_file_is_too_long():
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in (ROOT / "actcli").rglob("*.py")}
    assert not {str(path): lines for path, lines in lengths.items() if lines > MOST_LINES}


def test_no_two_classes_have_one_name():
    names = defaultdict(list)
    one_per_framework = {"DeadUnits"}  # the callback of Keras, of Lightning, of transformers
    for module, tree in modules().items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and node.name not in one_per_framework:
                names[node.name].append(module)
    assert not {name: places for name, places in names.items() if len(places) > 1}
