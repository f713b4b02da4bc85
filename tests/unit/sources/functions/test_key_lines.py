"""Where a key stands in a TOML text, whatever stands around it."""

import tomllib

import pytest

from actcli.sources.functions.key_lines import key_lines

TEXT = '''# [comment]
first = "x # not a comment" # [neither]

[gate] # of mine
formula = """
[inside]
a = "b" \\""" still
"""
"quoted.key" = [ # a list
  "]", # a bracket
  '[',
]
about = \'\'\'
[also.inside]
c = 1\'\'\'\'\'

  [ "gate" . 'parameters' ]
  b = { default = 1, above = 0, "a=b" = "}" }
c.default = 2
"c".above = 0
[[many]]
x = 1
[[many]]
x = 2
["\\u0067ate2"]
'''


def test_every_key_has_its_line():
    tomllib.loads(TEXT)
    assert key_lines(TEXT) == {
        ("first",): 2,
        ("gate",): 4,
        ("gate", "formula"): 5,
        ("gate", "quoted.key"): 9,
        ("gate", "about"): 13,
        ("gate", "parameters"): 17,
        ("gate", "parameters", "b"): 18,
        ("gate", "parameters", "c"): 19,
        ("gate", "parameters", "c", "default"): 19,
        ("gate", "parameters", "c", "above"): 20,
        ("many",): 21,
        ("many", "x"): 22,
        ("gate2",): 25,
    }


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", {}),
        ("\n\n# nothing", {}),
        ("a = 1", {("a",): 1}),
        ("\n[a]", {("a",): 2}),
        (
            "a = ''\nb = ''''''\nc = \"\"\nd = \"\"\"\"\"\"\ne = 1",
            {("a",): 1, ("b",): 2, ("c",): 3, ("d",): 4, ("e",): 5},
        ),
        ('a = """x"""""\nb = 1', {("a",): 1, ("b",): 2}),
        ("a = '\\'\nb = 1", {("a",): 1, ("b",): 2}),
        ('a = "\\\\"\nb = 1', {("a",): 1, ("b",): 2}),
        ("a.b.c = 1", {("a",): 1, ("a", "b"): 1, ("a", "b", "c"): 1}),
        ('"=" = 1\n"[" = 2', {("=",): 1, ("[",): 2}),
        ('["]"]\na = 1', {("]",): 1, ("]", "a"): 2}),
        ("a = [[1, 2], [\n3]]\nb = 1", {("a",): 1, ("b",): 3}),
        ("a = 1979-05-27T07:32:00Z # x\nb = inf", {("a",): 1, ("b",): 2}),
    ],
)
def test_odd_texts(text, lines):
    tomllib.loads(text)
    assert key_lines(text) == lines


def test_a_long_text_takes_no_longer_than_it_is():
    text = "".join(f"[a{i}]\nformula = '''\n{'y' * 60}\n'''\n" for i in range(3000))
    assert key_lines(text)[("a2999", "formula")] == 2999 * 4 + 2
