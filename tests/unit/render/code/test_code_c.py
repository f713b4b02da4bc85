"""Code for C, compiled and measured; and for Triton, of which only the text can be looked at."""

import ast
import ctypes
import shutil
import subprocess
from functools import partial

import numpy as np
import pytest
from invocation import refused

from actcli import activation, catalogue
from actcli.analysis.card.landmarks import zeros
from actcli.analysis.number_types import numpy_type
from actcli.analysis.precision.ulp import Rules, judge
from actcli.exits import UsageError
from actcli.render.code import code_for
from actcli.render.code.scalar import STATED_ULP, STATED_WIDE

SINGLE = numpy_type(np.dtype(np.float32))
WIDE = numpy_type(np.dtype(np.float64))
NAMES = [definition.name for definition in catalogue() if not definition.by_rows]
SPECS = [
    *NAMES, "leaky_relu:0.2", "softplus:beta=2,threshold=20", "snake:5", "celu:0.3", "elu:1.5", "silu:0.5",
    "thresholded_relu:theta=0.5,value=-1", "squareplus:0.5", "hard_tanh:-2,3",
]  # fmt: skip
FORMULAS = [
    "x*tanh(softplus(2*x))", "x if x > 0 and not x >= 2 or x < -3 else x^2", "x % 2 + sign(x)*floor(abs(x))",
    "max(x, 0.1*x, 1) - min(x, 3)", "clip(x, -1, 2)^3", "logaddexp(x, -x)", "cbrt(x) + arctan(x)",
    "asinh(x) - log2(x^2 + 1)*log10(x^2 + 3)", "acosh(|x| + 1) + atanh(tanh(x/9))", "erfinv(x/(1 + |x|))", "2^x",
    "erfc(x)",
]  # fmt: skip


def compiled(specs, folder, dtype="float32"):
    """Return the functions of these specifications, compiled, from and to arrays of a type."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    kind = {"float32": "float", "float64": "double"}[dtype]
    sources = []
    for place, spec in enumerate(specs):
        code = code_for("c", activation(spec), dtype=dtype)
        name = (
            next(line for line in code.split("\n") if line.startswith(f"{kind} "))
            .split()[1]
            .partition("(")[0]
        )
        head = f"void run{place}(const {kind} *x, {kind} *y, long n)"
        loop = f"{head} {{ for (long i = 0; i < n; i++) y[i] = {name}(x[i]); }}\n"
        sources.append(folder / f"f{place}.c")
        sources[-1].write_text(code.replace(f"\n{kind} {name}", f"\nstatic {kind} {name}") + loop, "utf-8")
    warnings = ["-Wall", "-Wextra", "-Werror", "-Wno-tautological-compare"]
    options = ["-std=c99", "-O2", *warnings, "-fPIC", "-shared"]
    library = folder / "all.so"
    subprocess.run([compiler, *options, *sources, "-o", library, "-lm"], check=True, capture_output=True)
    loaded = ctypes.CDLL(str(library))
    return {spec: partial(called, getattr(loaded, f"run{place}")) for place, spec in enumerate(specs)}


def called(run, x):
    y = np.empty_like(x)
    floats = ctypes.POINTER(ctypes.c_float if x.dtype == np.float32 else ctypes.c_double)
    run(x.ctypes.data_as(floats), y.ctypes.data_as(floats), ctypes.c_long(x.size))
    return y


def numbers_for(f):
    """Every 40,009th float32, those around kinks and zeros, and special ones."""
    patterns = np.arange(0, 1 << 32, 40_009, dtype=np.uint64).astype(np.uint32)
    near = [place + np.arange(-64, 65) for place in SINGLE.place(SINGLE.round(points_of(f))).tolist()]
    places = np.clip(np.concatenate([np.arange(-64, 65), *near]), 1 - SINGLE.count, SINGLE.count - 1)
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 3e38, -3e38, 1e-45], np.float32)
    return np.concatenate([patterns.view(np.float32), SINGLE.at(places).astype(np.float32), special])


def points_of(f):
    with np.errstate(over="ignore"):
        return np.clip([0.0, *(kink.at for kink in f.kinks), *zeros(f)], -3e38, 3e38)


@pytest.fixture(scope="module")
def functions(tmp_path_factory):
    return compiled([*SPECS, *FORMULAS], tmp_path_factory.mktemp("c"))


@pytest.fixture(scope="module")
def wide_functions(tmp_path_factory):
    return compiled([*SPECS, *FORMULAS], tmp_path_factory.mktemp("wide"), "float64")


def wide_numbers_for(f):
    """Numbers of the middle, of all sizes, around kinks and zeros, and special ones."""
    random = np.random.default_rng(19)
    sizes = np.ldexp(random.uniform(-2, 2, 3000), random.integers(-1074, 1023, 3000))
    places = WIDE.place(WIDE.round(np.array([0.0, *(kink.at for kink in f.kinks), *zeros(f)])))
    near = np.clip(np.add.outer(np.arange(-32, 33), places), 1 - WIDE.count, WIDE.count - 1)
    special = [0.0, -0.0, np.inf, -np.inf, np.nan, 1.7e308, -1.7e308, 5e-324]
    return np.concatenate(
        [random.normal(0, 3, 3000), random.uniform(-800, 800, 3000), sizes, WIDE.at(near.ravel()), special]
    )


@pytest.mark.parametrize("spec", SPECS)
def test_the_c_form_of_every_function_is_within_the_stated_error(spec, functions):
    f = activation(spec)
    x = numbers_for(f)
    with np.errstate(invalid="ignore"):  # of signalling NaN
        wide, theirs = x.astype(np.float64), functions[spec](x).astype(np.float64)
    found = judge(theirs, f(wide), Rules(SINGLE, ignore_zero_sign=True))
    worst = int(np.argmax(found.errors))
    assert found.errors[worst] <= STATED_ULP, (x[worst], found.theirs[worst], found.exact[worst])


@pytest.mark.parametrize("spec", SPECS)
def test_the_c_form_in_float64_is_within_the_stated_error(spec, wide_functions):
    f = activation(spec)
    x = wide_numbers_for(f)
    with np.errstate(all="ignore"):
        wanted, got = f(x), wide_functions[spec](x)
        scale = np.maximum(np.maximum(1.0, np.abs(x)), np.abs(wanted))
        off = np.abs(got / scale - wanted / scale) * 2.0**52
    same = (got == wanted) | (np.isnan(got) & np.isnan(wanted))
    bad = ~same & ~(off <= STATED_WIDE)
    assert list(zip(x[bad].tolist(), got[bad].tolist(), wanted[bad].tolist(), strict=True)) == []


@pytest.mark.parametrize("spec", FORMULAS)
def test_formulas_in_float64_give_their_values(spec, wide_functions):
    x = np.concatenate([np.linspace(-8, 8, 4001), [0.0, 1.0, 2.0, np.nan]])
    np.testing.assert_allclose(wide_functions[spec](x), activation(spec)(x), rtol=1e-14, atol=1e-14)


def test_the_type_is_in_the_text():
    code = code_for("c", activation("gelu"), dtype="float64")
    assert "double gelu_f64(double argument)" in code
    assert "(float)" not in code
    assert "-0.0 : " in code.replace("(-0.0)", "-0.0")  # gelu at -inf, which the formula gives as NaN
    assert ".to(tl.float64)" in code_for("triton", activation("gelu"), dtype="float64").splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--dtype", "float64"], "--dtype needs --code"),
        *[
            (["--code", place, "--dtype", "float64"], f"code for {place} takes the type of x")
            for place in ("python", "torch", "jax", "tensorflow", "latex")
        ],
        (["--code", "c", "--dtype", "float16"], "one of 'float32', 'float64'"),
        (["--code", "c", "--dtype", "double"], "one of 'float32', 'float64'"),
        (["--code", "c", "--dtype", ""], "one of 'float32', 'float64'"),
        (["--code", "c", "--dtype", "float64", "--dtype", "float32"], "--dtype is given twice"),
        (["--code", "c", "--dtype"], "--dtype"),
    ],
)
def test_types_that_no_kernel_has_are_refused_in_one_line(arguments, said):
    assert said in refused("info", "gelu", *arguments)


@pytest.mark.parametrize("spec", FORMULAS)
def test_formulas_give_their_values(spec, functions):
    x = np.concatenate([np.linspace(-8, 8, 4001), [0.0, 1.0, 2.0, np.nan]]).astype(np.float32)
    np.testing.assert_allclose(
        functions[spec](x), activation(spec)(x.astype(np.float64)), rtol=1e-6, atol=1e-7
    )


def test_a_parameter_without_a_value_is_an_argument():
    assert "float f_f32(float argument, double b)" in code_for("c", activation("x*tanh(b*x)", free=("b",)))


@pytest.mark.parametrize("name", ["double", "fabs", "argument", "x_", "larger"])
def test_names_that_c_has_are_not_taken(name):
    try:
        f = activation(f"{name}*x", free=(name,))
    except UsageError:
        pytest.skip("not a name of a parameter")
    code = code_for("c", f)
    assert f"double {name})" not in code or name == "x_"


@pytest.mark.parametrize("place", ["c", "triton"])
def test_a_function_over_rows_is_refused(place):
    with pytest.raises(UsageError, match="softmax works over rows"):
        code_for(place, activation("softmax"))


@pytest.mark.parametrize("spec", [*SPECS, *FORMULAS])
def test_the_triton_text_is_python_and_uses_what_it_imports(spec):
    code = code_for("triton", activation(spec))
    tree = ast.parse(code)
    assert "has not been run by the tests" in code
    defined = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    called_names = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    assert called_names <= defined | {"float"}
