"""Every JSON document of every command begins with the number of its schema; JSON lines have none."""

import json

import numpy as np
import pytest
from invocation import invoke

COMMANDS = [
    ("eval", "relu", "-1", "2"),
    ("eval", "relu", "two.npz"),
    ("grad", "gelu", "1"),
    ("grad", "gelu", "--check"),
    ("plot", "relu"),
    ("compare", "relu", "gelu"),
    ("info", "gelu"),
    ("info", "softmax"),
    ("list", "relu"),
    ("list", "nothing"),
    ("deadcheck", "two.npz", "--recorded", "pre"),
    ("deadcheck", "--plan", "100"),
    ("deadcheck", "--born-dead", "--width", "2", "--depth", "3"),
]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    z = np.random.default_rng(0).standard_normal((50, 4))
    np.savez("two.npz", first=z, second=z - 1)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_document_begins_with_its_schema(command):
    document = json.loads(invoke(*command, "--format", "json").out)
    assert next(iter(document.items())) == ("schema", 1)


@pytest.mark.parametrize("command", COMMANDS)
def test_json_lines_have_no_schema(command):
    lines = invoke(*command, "--format", "jsonl").out.splitlines()
    assert all("schema" not in json.loads(line) for line in lines)
