"""Tables, JSON and text made to break a reader: one line of error, bounded memory, and no file half written."""

import json

import pytest
from hostile_cases import Case, run_cases

DIGITS = b"1" * 10_000
LONG = 1 << 24
"""Bytes of the longest line of a table."""


def table(delimiter: bytes) -> dict[str, bytes]:
    text = {
        "nul": b"x,y\n1,\0\n\0,2\n",
        "nul in a name": b"\0x,\0\n1,2\n",
        "long line": b"x,y\n1,2\n" + b"1," * (LONG // 2 + 9),
        "long cell": b"x,y\n1," + b"a" * (LONG // 4) + b"\n",
        "no utf-8": b"x,\xff\n1,\xfe\xff\n\xc3,2\n",
        "digits": b"x,y\n%s,2\n-%s,2\n0.%se-400,2\n" % (DIGITS, DIGITS, DIGITS),
        "digits in a name": DIGITS + b",y\n1,2\n",
        "open quote": b'x,y\n"1,2\n' + b"3,4\n" * 40_000,
        "stray quotes": b'x,y\n1"",2\n"1"2,3\n""",4\n',
        "open quote in the header": b'"x,y\n' + b"1,2\n" * 9,
        "many columns": b"x," * 30_000 + b"y\n" + b"1," * 30_000 + b"2\n",
        "delimiters": b"," * 100_000,
        "returns": b"x,y\r1,2\r\r\r\n\r3,4",
        "escapes": b"\x1b[2Jx,=cmd()\n1,2\n\x1b]0;t\x07,3\n",
        "half of utf-16": b"\xff\xfex\0,\0y\0\n\0\x001",
    }
    return {name: content.replace(b",", delimiter) for name, content in text.items()}


DOCUMENTS = {
    "nul": b"[1,\0,2]",
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
    "no utf-8": b'[{"x":1,"\xff":2}]',
    "digits": b"[%s,-%s,1e%s]" % (DIGITS, DIGITS, DIGITS),
    "open quote": b'[{"x":1,"y":"2}]',
    "many": b"[" + b"{}," * 400_000 + b"{}]",
    "arrays": b"[" + b"[]," * 700_000 + b"[]]",
    "shape": b'{"schema":1,"values":[1],"shape":[4294967296,4294967296]}',
    "shape of nothing": b'{"schema":1,"values":[],"shape":[0,9223372036854775807]}',
    "one key": b'[{"x":1,"x":2},{"x":{"x":[]}}]',
    "no object": b'{"arrays":{"\\u0000":[1],"=a":[]}}',
}
LINES = {
    "nul": b'{"x":1}\n\0\n{"x":2}\n',
    "deep": b'{"x":1}\n' + b"[" * 100_000 + b"]" * 100_000 + b"\n",
    "no utf-8": b'{"x":1}\n{"x":"\xff"}\n',
    "digits": b'{"x":%s}\n{"x":-0.%s}\n' % (DIGITS, DIGITS),
    "open quote": b'{"x":1}\n{"x":"2}\n',
    "long line": b'{"x":1}\n{"x":"' + b"a" * (LONG + 9) + b'"}\n',
    "not one kind": b'{"x":1}\n[1]\n2\n"nan"\n',
    "escapes": b'{"x":1,"\\u001b[2J":2}\n{"x":"\\u001b[2J"}\n',
}
TEXTS = {
    "nul": b"1\0 2\n",
    "long token": b"1\n" + b"1" * LONG,
    "no utf-8": b"1 \xff\xc3 2\n",
    "digits": b"%s -%s\n" % (DIGITS, DIGITS),
    "quotes": b'"1" "2\n',
    "long comment": b"1\n#" + b"a" * LONG,
    "escapes": b"1 \x1b[2J 2\n",
}
FILES = {
    "csv": table(b","),
    "tsv": table(b"\t"),
    "json": DOCUMENTS,
    "jsonl": LINES,
    "txt": TEXTS,
}


@pytest.mark.parametrize("suffix", FILES)
def test_each_ends_with_one_line_and_whole_files(suffix: str, tmp_path) -> None:
    source, result = f"in.{suffix}", f"out.{suffix}"
    commands = [
        ("eval", "softmax", source, "-o", "out.csv"),
        ("grad", "silu", source, "--column", "x", "--append", "-o", result),
        ("eval", "relu", source, "--append", "--on-error", "skip", "-o", result),
        ("deadcheck", source, "--format", "json", "-o", "out.json"),
    ]
    cases = [Case(command, {source: data}) for data in FILES[suffix].values() for command in commands]
    run_cases(cases, tmp_path / "cases")
    results = json.loads((tmp_path / "cases" / "results.json").read_text())
    for at, (case, result) in enumerate(zip(cases, results, strict=True)):
        written = sorted(path.name for path in (tmp_path / "cases" / f"{at:05}").glob("*out.*"))
        assert written in ([], [case.arguments[-1]])
        assert result["status"] not in {1, 2} or not written or case.arguments[0] == "deadcheck", (
            case.arguments
        )
        assert not list((tmp_path / "cases" / f"{at:05}").glob(".actcli*"))
