"""The verdict on a kernel's results for a build server: a JUnit test suite that fails as the exit status does."""

import math
from xml.sax.saxutils import escape, quoteattr

from actcli.analysis.compare.result import Comparison, Record
from actcli.render.text.junit import junit_case, junit_suite
from actcli.render.text.notation import number
from actcli.terminal import printable

_SUITE = "actcli compare"


def junit(comparison: Comparison) -> str:
    """Return the comparison as one test suite in UTF-8: a case for all results, and one for each region of x.

    Without a limit nothing fails. The case of all results fails as the exit status does, that of a region where its
    largest error is above the limit.
    """
    (contender,) = comparison.contenders
    limit = comparison.settings.get("max_ulp")
    name = printable(contender.function)
    failure = ""
    if comparison.over_limit:
        failure = (
            f"    <failure type={quoteattr('ULP')} message={quoteattr(printable(comparison.answer))}/>\n"
        )
    cases = [junit_case(_SUITE, name, failure)]
    regions = contender.details.get("regions", ())
    cases += [junit_case(_SUITE, f"{name}: {_ends(one)}", _region(one, limit)) for one in regions]
    return junit_suite(_SUITE, cases, "\n".join(map(printable, (comparison.answer, *comparison.warnings))))


def _ends(region: Record) -> str:
    low, high = region["from"], region["to"]
    if not isinstance(low, float) or not isinstance(high, float) or math.isnan(low):
        return "x is NaN"
    return f"x from {number(low, 6)} to {number(high, 6)}"


def _region(region: Record, limit: object) -> str:
    largest, x = region["max_ulp"], region["at_x"]
    text = f"largest error {largest:.6g} ULP at x = {x} ({region['x_bits']})"
    if isinstance(limit, float) and isinstance(largest, float) and largest > limit:
        return (
            f"    <failure type={quoteattr('ULP')} message={quoteattr(f'{text}, the limit is {limit:g}')}/>\n"
        )
    return f"    <system-out>{escape(text)}</system-out>\n"
