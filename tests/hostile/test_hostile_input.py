"""Thousands of hostile inputs by fixed seeds: none gives a traceback, an internal error, a warning or no end.

Each case has 10 s of processor time and 1 GB. ACTCLI_HOSTILE=10 makes ten times as many cases; a failure names the
folder and the line to repeat it by hand.
"""

import bz2
import importlib.util
import lzma
import pickle
import random

import numpy as np
import pytest
from hostile_bytes import mutate, npy, npz, packed
from hostile_cases import Case, count, run_cases
from hostile_formulas import formula
from safetensors_bytes import safetensors

RNG = np.random.default_rng(0)
ROWS = RNG.normal(size=(40, 6)).astype(np.float32)
INDEX = RNG.permuted(np.tile(np.arange(20), (40, 1)), axis=1)[:, :3]
BFLOAT16 = (ROWS.view(np.uint32) >> 16).astype(np.uint16)
TEXT = "\n".join(" ".join(f"{value:.6g}" for value in row) for row in ROWS).encode()
CSV = b"a,b,c,d,e,f\n" + TEXT.replace(b" ", b",")
LINES = b"".join(b'{"a":%.6g,"b":%.6g,"c":"t"}\n' % (row[0], row[1]) for row in ROWS)
JSON = b'{"schema":1,"dtype":"float32","shape":[2,3],"values":[1,-2.5,"nan",4e3,5,6]}'
FUNCTIONS = b"""\
[cube]
formula = "x^3 + alpha*x"
parameters = { alpha = 1 }

[my_gate]
formula = "x*sigmoid(beta*x)"
[my_gate.parameters]
beta = 2.5
"""


def commands_on(name: str) -> list[tuple[str, ...]]:
    return [
        ("eval", "gelu", "-i", name),
        ("grad", "silu", "-i", name, "--format", "csv"),
        ("deadcheck", name),
    ]


FORMATS = {
    "x.npy": ([npy(ROWS), npy(ROWS.astype(np.float16)), npy(np.asfortranarray(ROWS))], commands_on("x.npy")),
    "x.npz": ([npz(a=ROWS, b=ROWS[:, :2]), npz(first=np.arange(5))], commands_on("x.npz")),
    "x.safetensors": (
        [safetensors({"format": "pt"}, a=ROWS, b=ROWS[:, :2].astype("f2")), safetensors(x=BFLOAT16)],
        commands_on("x.safetensors"),
    ),
    "x.npy.gz": ([packed(npy(ROWS)), packed(npy(np.asfortranarray(ROWS)))], commands_on("x.npy.gz")),
    "x.csv.gz": ([packed(CSV)], commands_on("x.csv.gz")),
    "x.npy.xz": ([lzma.compress(npy(ROWS))], commands_on("x.npy.xz")),
    "x.csv.bz2": ([bz2.compress(CSV)], commands_on("x.csv.bz2")),
    "x.tsv": (
        [CSV.replace(b",", b"\t")],
        [*commands_on("x.tsv"), ("eval", "relu", "x.tsv", "--column", "a", "--append")],
    ),
    "x.json": (
        [JSON, b"[" + JSON + b"]", LINES],
        [*commands_on("x.json"), ("eval", "relu", "x.json", "--column", "a")],
    ),
    "x.jsonl": ([LINES], [*commands_on("x.jsonl"), ("grad", "silu", "x.jsonl", "--column", "a", "--append")]),
    "sparse.npz": (
        [npz(i=INDEX, v=ROWS[:, :3], at=np.argwhere(ROWS > 1), m=INDEX > 9)],
        [
            (
                "deadcheck",
                "sparse.npz",
                "--sparse",
                "indices=i,values=v,units=20",
                "--experts",
                "--until",
                "9",
            ),
            (
                "deadcheck",
                "sparse.npz",
                "--sparse",
                "indices=i,units=20",
                "--mask",
                "m",
                "--densities",
                "d.json",
            ),
            ("deadcheck", "sparse.npz", "--sparse", "locations=at,units=6,samples=v", "--window", "30"),
        ],
    ),
    "mask.npy": (
        [npy(np.arange(8) < INDEX[:, :1] % 9), npy(INDEX[:, 0] % 2)],
        [("deadcheck", "tokens.npy", "--unit-axis", "-1", "--mask", "mask.npy")],
    ),
    "voids.npy": (
        [npy(BFLOAT16.view("V2"))],
        [(*line, "--dtype", "bfloat16") for line in commands_on("voids.npy")],
    ),
    "x.csv": ([CSV, CSV.replace(b",", b";")], commands_on("x.csv")),
    "x.txt": ([TEXT, b"[1, 2.5, nan]\n# c\n-3"], commands_on("x.txt")),
    "f.toml": (
        [FUNCTIONS],
        [
            ("list", "--functions", "f.toml"),
            ("eval", "cube", "2", "--functions", "f.toml"),
            ("grad", "my_gate", "-1", "--functions", "f.toml"),
        ],
    ),
}


BESIDE = {"tokens.npy": npy(np.maximum(RNG.normal(size=(40, 8, 5)), 0))}
"""Whole files that the damaged one goes with."""


@pytest.mark.parametrize("name", FORMATS)
def test_files(name, tmp_path):
    rng = random.Random(name)
    originals, commands = FORMATS[name]
    cases = [
        Case(commands[i % len(commands)], {**BESIDE, name: mutate(rng.choice(originals), rng)})
        for i in range(count(300))
    ]
    run_cases(cases, tmp_path)


FOREIGN = {
    "x.pt": npz(**{"acts/data.pkl": np.zeros(3)}).replace(b"data.pkl.npy", b"data.pkl/pad"),
    "x.pth": b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19." + b"\0" * 60,
    "x.pkl": pickle.dumps({"a": ROWS.tolist()}),
    "x.h5": b"\x89HDF\r\n\x1a\n" + b"\0" * 200,
    "x.png": b"\x89PNG\r\n\x1a\n" + b"\0" * 200,
    "x.jpg": b"\xff\xd8\xff\xe0" + b"\0" * 200,
}


@pytest.mark.parametrize("name", FOREIGN)
def test_files_of_other_formats(name, tmp_path):
    rng = random.Random(name)
    lines = commands_on(name)
    run_cases([Case(line, {name: FOREIGN[name]}) for line in lines], tmp_path / "whole")
    cases = [Case(lines[i % len(lines)], {name: mutate(FOREIGN[name], rng)}) for i in range(count(50))]
    run_cases(cases, tmp_path / "damaged")


def test_statistics_files(tmp_path):
    from actcli.activations import activation
    from actcli.analysis.deadness.firing_rule import firing_rule
    from actcli.analysis.deadness.unit_statistics import observe
    from actcli.render.deadness.state_file import write_state

    rule = firing_rule(activation("relu"), "post")
    write_state((observe(rule, "a", np.maximum(ROWS, 0), 0),), str(tmp_path / "s.npz"))
    original = (tmp_path / "s.npz").read_bytes()
    rng = random.Random(5)
    run_cases(
        [Case(("deadcheck", "s.npz"), {"s.npz": mutate(original, rng)}) for _ in range(count(300))], tmp_path
    )


def test_timeline_files(tmp_path):
    from training_runs import run_of

    from actcli.render.deadness.timeline_file import write_timeline

    write_timeline(run_of({"a": ["..x", ".x."], "b": ["..."]}), str(tmp_path / "run.npz"))
    original = (tmp_path / "run.npz").read_bytes()
    rng = random.Random(6)
    uses = (("run.npz",), ("run.npz", "-o", "r.html"), ("--timeline", "run.npz"), ("--follow", "-"))
    cases = []
    for i in range(count(300)):
        damaged = mutate(original, rng)
        stdin = {"stdin": damaged} if uses[i % 4] == ("--follow", "-") else {}
        cases.append(Case(("deadcheck", *uses[i % 4]), {"run.npz": damaged}, **stdin))
    run_cases(cases, tmp_path)


COMMANDS = {
    "eval": ("eval", "FORMULA", "-1", "0", "2.5"),
    "grad": ("grad", "FORMULA", "-1", "0", "1e300", "--check"),
    "plot": ("plot", "FORMULA", "--grad"),
    "compare": ("compare", "FORMULA", "relu", "--by", "values"),
    "info": ("info", "FORMULA"),
}


FORMULAS_THAT_CANCEL = [
    "(-(gelu(x))%((6)%(x)))",
    "(log10((min(cbrt(x), e))%(relu(.5))))",
    "((cos(-x))^(x))",
    "(((alpha)/(x))%(x))+(cosh(3)):alpha=1e-320",
    "((gelu(((0.5)+(x))/(abs(x))))*(x))",
    "(tan((1e-320)^(x)))",
    "(((logaddexp((x)%(0.7), (pi)-(x)))%(alpha))+(1)):alpha=pi",
]
"""Nearly everywhere, to the last of thousands of bits."""


@pytest.mark.parametrize("command", COMMANDS)
def test_formulas(command, tmp_path):
    rng = random.Random(7)
    texts = [formula(rng) for _ in range(count(300))] + FORMULAS_THAT_CANCEL
    run_cases(
        [Case(tuple(text if word == "FORMULA" else word for word in COMMANDS[command])) for text in texts],
        tmp_path,
    )


VALUES = ("0", "-1", "1e9", "1000000000", "nan", "", "abc", "1.5")
MODES = {
    "eval": [("gelu", "1", "2")],
    "grad": [("gelu", "1", "2"), ("gelu", "1", "--check")],
    "plot": [("gelu",)],
    "compare": [
        ("relu", "gelu", *by)
        for by in (
            (),
            *(
                ("--by", way)
                for way in ("values", "gradients", "information", "precision", "speed", "training")
            ),
        )
    ],
    "deadcheck": [
        ("x.npy",),
        ("--train", "relu"),
        ("--plan", "5"),
        ("--born-dead",),
        ("m.onnx", "--random", "2"),
    ],
    "list": [()],
    "info": [("gelu",)],
}


LONG_MODES = {"gradients", "speed"}
"""Ways to compare that take seconds with any option, on all cores or by the clock: more than 10 s where others work."""


@pytest.mark.parametrize("command", MODES)
def test_options(command, tmp_path):
    """Every option that takes a value, by the declarations, at values that are no numbers, or are extreme ones."""
    from actcli.app import CommandGroup

    options = {
        parameter.opts[0]
        for parameter in CommandGroup(name="actcli").get_command(None, command).params
        if parameter.param_type_name == "option" and not parameter.is_flag
    }
    assert options
    files = {"x.npy": npy(np.maximum(ROWS, 0))}
    if importlib.util.find_spec("onnxruntime") is not None:
        from hostile_models import models

        files["m.onnx"] = models()["dense"]
    cases = [
        Case((command, *mode, f"{option}={value}"), files, may_take_long=not LONG_MODES.isdisjoint(mode))
        for mode in MODES[command]
        for option in sorted(options)
        for value in VALUES
    ]
    rng = random.Random(command)
    run_cases(rng.sample(cases, min(count(200), len(cases))), tmp_path)
