"""The text of emitted code: what it looks like, what a person's own words become in it, how long it may get."""

import ast
import importlib.util
import re
import subprocess
import sys

import numpy as np
import pytest
from emitted import ELEMENTWISE, FORMULAS, ROWS, run, wrong
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from actcli import activation
from actcli.activations import Parameter
from actcli.activations.define import define
from actcli.activations.resolve import register
from actcli.exits import UsageError
from actcli.render.code import code_for
from actcli.render.text.notation import in_ascii

PLACES = ("python", "torch", "jax", "tensorflow")


def body(place, spec, free=()):
    """The lines of the last function, without its docstring and comments."""
    code = code_for(place, activation(spec, free=free))
    lines = code[code.rindex("def ") :].splitlines()[1:]
    return [line.strip() for line in lines if line.strip()[:1] not in {'"', "#", ""}]


def test_what_a_person_pastes():
    assert code_for("python", activation("leaky_relu:0.2")) == (
        "import numpy as np\n"
        "\n"
        "\n"
        "def leaky_relu(x, alpha=0.2):\n"
        '    """leaky_relu: x if x > 0 else alpha·x (Maas, Hannun & Ng 2013)."""\n'
        "    x = np.asarray(x) * 1.0  # whole numbers become float64, float32 stays\n"
        "    return np.where(x > 0, x, alpha * x)\n"
    )


@pytest.mark.parametrize(
    ("spec", "written"),
    [
        ("gelu", "F.gelu(x)"),
        ("gelu_tanh", 'F.gelu(x, approximate="tanh")'),
        ("silu", "F.silu(x)"),
        ("silu:2", "x * torch.sigmoid(beta * x)"),
        ("torch.softplus", "F.softplus(x, beta=beta, threshold=threshold)"),
        ("softplus", "torch.logaddexp(torch.zeros_like(x), beta * x) / beta"),
        ("leaky_relu(x, alpha=0.3)/2", "F.leaky_relu(x, negative_slope=0.3) / 2"),
        ("exp(x) if x < 0 else x", "torch.where(x < 0, torch.exp(torch.where(x < 0, x, 0)), x)"),
        ("max(x, 1)", "torch.clamp(x, min=1)"),
        ("x if abs(x) > 0.5 else 0", "torch.where(torch.abs(x) <= 0.5, 0, x)"),  # so that NaN stays
        ("-x^2", "-(x**2)"),
        ("(-x)^2", "(-x) ** 2"),
        ("x^-2", "x**-2"),
        ("2^(x + 1)", "2 ** (x + 1)"),
        ("(x + 1)*(x - (2 - x))", "(x + 1) * (x - (2 - x))"),
        ("x/2/(x*3)", "x / 2 / (x * 3)"),
        ("sqrt(2/pi)*x", "math.sqrt(2 / math.pi) * x"),
        ("9^9*x", "387420489 * x"),
        ("1e-3*x", "0.001 * x"),
        ("x if 1 > 0 else -x", "x"),
        ("plain(x)", "x"),
    ],
)
def test_idioms_of_torch(spec, written):
    assert body("torch", spec) == [f"return {written}"]


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("jax.leaky_relu", "# at x = 0 jax.grad gives 1, PyTorch's autograd 0.01"),
        ("hard_tanh", "# for min = -1 and max = 1; it takes no other"),
        ("silu", "# for beta = 1; it takes no other"),
        ("log(1+exp(x))", "# computed without loss of digits: log(1+exp(x)) as softplus(x)"),
    ],
)
def test_remarks(spec, said):
    assert f"    {said}\n" in code_for("jax", activation(spec))


@pytest.mark.parametrize("place", PLACES)
def test_parameters(place):
    assert "def f(x, b=1.5):" in code_for(place, activation("x*tanh(b*x):b=1.5"))
    assert "def f(x, *, b):" in code_for(place, activation("x*tanh(b*x)", free=("b",)))
    assert "def softshrink(x, lambd=0.5):" in code_for(place, activation("softshrink"))
    assert "def f(x, lambda_=2.0, is_=1.0):" in code_for(place, activation("lambda*x*is:lambda=2,is=1"))
    assert "def maxout(x, groups=3, " in code_for(place, activation("maxout:3"))


def test_a_parameter_takes_no_name_of_a_module():
    free = ("np", "torch", "F", "jnp", "math", "special")
    code = code_for("torch", activation("np*torch*F*jnp*math*special*x", free=free))
    assert "def f(x, *, np, torch_, F_, jnp, math_, special):" in code


@pytest.mark.parametrize("place", PLACES)
def test_functions_that_are_needed_are_written_beside(place):
    code = code_for(place, activation("sigmoid(x)*mish(2*x)*tanhshrink(x)"))
    assert [node.name for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)][-1] == "f"
    x = np.array([-1.0, 2.0])
    if place == "python":
        assert wrong(run(code)(x), activation("sigmoid(x)*mish(2*x)*tanhshrink(x)")(x), x, 1e-15) == []


@pytest.fixture
def own_functions():
    def make(name, text, *parameters, source=""):
        register([define(name, text, parameters, source)])

    yield make
    register([])


HOSTILE = (
    'x"""\nimport os; os.abort()\n"""',
    "\\",
    "'''",
    "\uff02\uff02\uff02\nimport os\uff3c",  # wide quotes are quotes in ASCII
    "a\x00b\x1b[31m\u202e\u2028c\rimport os",
    "{x}{0.__class__}%s%(x)s",
    "\\end{equation}\n\\input{/etc/passwd}",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_person_wrote_stays_a_remark(own_functions, text):
    own_functions("mine", "x*exp(b*x)", Parameter("b", 0.5), source=text)
    for place in PLACES:
        code = code_for(place, activation("mine"))
        ast.parse(in_ascii(code))
        tree = ast.parse(code)
        (function,) = (node for node in tree.body if isinstance(node, ast.FunctionDef))
        assert isinstance(function.body[0], ast.Expr)
        assert "os" not in {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        assert all(c == "\n" or c.isprintable() for c in code)
    assert len(code_for("latex", activation("mine")).splitlines()) == 2


@pytest.mark.parametrize(("name", "identifier"), [("class", "class_"), ("np", "np_"), ("axis", "axis_")])
def test_names_become_identifiers(own_functions, name, identifier):
    own_functions(name, "2*x")
    assert f"def {identifier}(x):" in code_for("python", activation(name))


def test_a_function_of_ones_own_in_a_formula(own_functions):
    own_functions("mine", "x*exp(-b*x^2)", Parameter("b", float("nan")))
    spec = "mine(x + 1, b=2) + mine(x*x, b=c):c=0.25"
    code = code_for("python", activation(spec))
    x = np.array([-3.0, 0.5, 2.0])
    assert wrong(run(code)(x), activation(spec)(x), x, 1e-15) == []


def test_a_name_is_given_once(own_functions):
    own_functions("f", "x^2 - sin(x)")
    code = code_for("python", activation("2*f(sin(x))"))
    assert run(code)(0.3) == pytest.approx(activation("2*f(sin(x))")(0.3), rel=1e-15)


@pytest.mark.parametrize(
    "spec",
    [
        "min(exp(" * 13 + "x" + "),1)" * 13,
        "clip(exp(" * 13 + "x" + "),0,1)" * 13,
        "exponential(mish(" * 13 + "x" + "))" * 13,
        "+".join(f"exp(x)/{i + 1}" for i in range(150)),
        " if x > 0 else ".join(f"log(x+{i})" for i in range(26)),
        "x if (" * 26 + "x" + ")>0 else exp(x)" * 26,
    ],
    ids=lambda spec: spec[:14],
)
def test_deep_formulas_stay_short(spec):
    f = activation(spec)
    for place in (*PLACES, "latex"):
        assert len(code_for(place, f)) < 100_000


@pytest.mark.skipif(importlib.util.find_spec("ruff") is None, reason="ruff is not installed")
def test_code_is_formatted(tmp_path):
    for place in PLACES:
        for number, spec in enumerate((*ELEMENTWISE, *ROWS)):
            code = code_for(place, activation(spec))
            if max(map(len, code.splitlines())) <= 320:
                (tmp_path / f"{place}{number}.py").write_text(code)
    ruff = [sys.executable, "-m", "ruff"]
    for command in (
        ["format", "--check", "--line-length", "320"],
        ["check", "--select", "E,F,W,I,B", "--ignore", "E501"],
    ):
        done = subprocess.run(
            [*ruff, *command, "--isolated", "--no-cache", tmp_path],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:]


LEAVES = ("x", "x", "b", "2", "0.5", "(-x)", "pi")
UNARY = ("exp({})", "tanh({})", "abs({})", "-{}", "log1p({}^2)", "sigmoid({})", "arctan({})", "softplus({})",
         "leaky_relu({}, alpha=0.2)", "sqrt(1 + {}^2)", "sin({})", "mish({})", "elu({})")  # fmt: skip
BINARY = (
    "{} + {}",
    "{} - {}",
    "({})*({})",
    "({})/(1 + ({})^2)",
    "min({}, {})",
    "max({}, {})",
    "logaddexp({}, {})",
)
CHOICES = (
    "({} if x > 0.3 else {})",
    "where(not x < -1.1 and x < 2.1, {}, {})",
    "where(x < -2.2 or x > 0.7, {}, {})",
)


@st.composite
def formulas(draw, depth=4):
    if depth == 0:
        return draw(st.sampled_from(LEAVES))
    form = draw(st.sampled_from((*UNARY, *BINARY, *CHOICES)))
    parts = [draw(formulas(depth=draw(st.integers(0, depth - 1)))) for _ in range(form.count("{}"))]
    return form.format(*(f"({part})" for part in parts))


@given(formulas())
@settings(max_examples=150, deadline=None)
def test_random_formulas_mean_the_same(text):
    x = np.array([-3.7, -1.3, -0.4, 0.6, 1.9, 2.6])
    try:
        f = activation(f"({text}) + 0*b*x:b=0.7")
    except UsageError:
        assume(False)  # no real number anywhere, or no number at all
    wanted = f(x)
    assume(np.abs(wanted).max() < 1e6)
    got = run(code_for("python", f))(x)
    np.testing.assert_allclose(got, wanted, rtol=1e-11, atol=1e-11)


def test_every_formula_has_no_name_that_is_not_its_own():
    known = {"np", "torch", "F", "jax", "jnp", "tf", "tnp", "math", "special", "x", "far", "e"}
    for place in PLACES:
        for spec in FORMULAS:
            tree = ast.parse(code_for(place, activation(spec)))
            own = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
            arguments = {a.arg for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) for a in n.args.args}
            names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
            assert names <= known | own | arguments, re.sub(r"\s+", " ", spec)
