"""Writes the tables of the exact kernels: `python tests/accuracy/make_tables.py > actcli/activations/exact/tables.py`.

Every number is computed by ball arithmetic to 300 bits. Needs python-flint; run by hand when a kernel changes.
"""

import math

from balls import BALLS
from flint import arb, arb_series, ctx

from actcli import activation


def whole(x):
    """Return the whole number nearest to x."""
    return int((arb(x) + arb(0.5)).floor().unique_fmpz())


def cut(x, bits):
    """Return x rounded to that many bits, as a float."""
    x = arb(x)
    if x == 0:
        return 0.0
    exponent = math.frexp(float(x.mid()))[1] - bits
    return math.ldexp(float(whole(x * arb(2) ** -exponent)), exponent)


def pair(x, bits=53):
    """Return x as h + l, h of so many bits."""
    high = cut(x, bits)
    return high, cut(arb(x) - arb(high), 53)


def parts(x, *bits):
    """Return x as a sum of floats of so many bits each."""
    result = []
    for count in bits:
        result.append(cut(x, count))
        x = arb(x) - arb(result[-1])
    return result


def show(name, numbers, about):
    print(f"\n{name} = (")
    line = "   "
    for number in numbers:
        if len(line) + len(f" {number!r},") > 110:
            print(line)
            line = "   "
        line += f" {number!r},"
    print(f"{line}\n)  # fmt: skip\n{about}")


def flat(pairs):
    return [number for p in pairs for number in p]


def mills_row(centre):
    """G = (a + ¾)·M(a)/√(2π) around the centre, in powers of d = (a − centre)/(a + 6), the first two terms as h + l."""
    terms = 9
    d = arb_series([0, 1], terms)
    a = (arb(centre) + 6 * d) / (1 - d)  # d·(a + 6) = a − centre
    root = arb(2).sqrt()
    tail = (a / root).erfc() / 2
    g = ((a * a / 2).exp() * tail * (a + arb(0.75))).coeffs()
    return [*pair(g[0]), *pair(g[1]), *(cut(c, 53) for c in g[2:])]


def derivative_of(name, x, order, terms):
    """Return the Taylor coefficients of a derivative of the function at x."""
    f = activation(name)
    ctx.cap = terms + order
    parameters = {n: arb(v) for n, v in f.parameters.items()}
    c = BALLS[name](arb_series([x, 1], ctx.cap), **parameters).coeffs()
    return [c[k + order] * math.factorial(k + order) / math.factorial(k) for k in range(terms)]


def zero_row(name, order, near):
    """Return a zero of a derivative as h + l, the slope there as h + l, and the next Taylor coefficients."""
    x = arb(near)
    for _ in range(12):
        value, slope = derivative_of(name, x, order, 2)
        x = (x - value / slope).mid()
    _, slope, *rest = derivative_of(name, x, order, 8)
    return [*pair(x), *pair(slope), *(cut(c, 53) for c in rest)]


ZEROS = {
    "GELU_SLOPE": ("gelu", 1, -0.75),
    "SWISH_SLOPE": ("silu", 1, -1.278),
    "SWISH_CURVATURE": ("silu", 2, 2.399),
    "GELU_TANH_SLOPE": ("gelu_tanh", 1, -0.7525),
    "GELU_TANH_CURVATURE": ("gelu_tanh", 2, 1.4),
    "MISH_SLOPE": ("mish", 1, -1.19),
    "MISH_CURVATURE_LEFT": ("mish", 2, -2.25),
    "MISH_CURVATURE_RIGHT": ("mish", 2, 1.49),
}


def main():
    ctx.prec, ctx.cap = 400, 12
    print('"""Tables of the exact kernels, made by tests/accuracy/make_tables.py by ball arithmetic."""')
    log2 = arb(2).log()
    show(
        "LOG_2_OVER_64",
        parts(log2 / 64, 35, 35, 53),
        '"""log(2)/64 as a sum; whole numbers below 2**18 times the first two are exact."""',
    )
    show("LOG_2", parts(log2, 42, 42, 53), '"""log(2) as a sum; exponents times the first two are exact."""')
    show(
        "POWERS",
        flat(pair(arb(2) ** (arb(i) / 64), 26) for i in range(64)),
        '"""2**(i/64), i from 0 to 63, as h + l with an h of 26 bits."""',
    )
    show(
        "LOGARITHMS",
        flat(pair((arb(i) / 64).log()) for i in range(44, 130)),
        '"""log(i/64), i from 44 to 129, as h + l."""',
    )
    show(
        "ARCTANGENTS",
        flat(pair((arb(i) / 32).atan()) for i in range(34)),
        '"""arctan(i/32), i from 0 to 33, as h + l."""',
    )
    show(
        "SINES",
        flat(pair((arb(i) / 32).sin(), 26) for i in range(27)),
        '"""sin(i/32), i from 0 to 26, as h + l with an h of 26 bits."""',
    )
    show(
        "COSINES",
        flat(pair((arb(i) / 32).cos(), 26) for i in range(27)),
        '"""cos(i/32), i from 0 to 26, as h + l with an h of 26 bits."""',
    )
    centres_of_tail = centres()
    rows = [mills_row(c) for c in centres_of_tail]
    show(
        "MILLS_CENTRES",
        centres_of_tail,
        '"""The points a around which the tail of the normal distribution is expanded."""',
    )
    show(
        "MILLS",
        [number for row in rows for number in row],
        '"""(a + ¾)·e**(a²/2)·(1 − Φ(a)) around each centre c in powers of (a − c)/(a + 6), two terms as h + l."""',
    )
    for name, (function, order, near) in ZEROS.items():
        derivative = function + "'" * order
        about = (
            f"The zero of {derivative} near {near}: h + l, the slope as h + l, further Taylor coefficients."
        )
        show(f"ZERO_OF_{name}", zero_row(function, order, near), f'"""{about}"""')


def centres():
    """Return short numbers c whose (c − 6)/(c + 6) are about 1/32 apart, from 0 to 60."""
    result = []
    for i in range(-32, 28):
        t = i / 32
        c = 6 * (1 + t) / (1 - t)
        unit = 2.0 ** -(8 if c < 4 else 6 if c < 16 else 4)
        result.append(round(c / unit) * unit)
    return result


if __name__ == "__main__":
    main()
