"""JUnit, the form in which build servers read what passed and what failed."""

from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr


def junit_case(suite: str, name: str, inner: str) -> str:
    """Return one case of a suite; `inner` is its failure or its output as XML, blank where there is none."""
    start = f"  <testcase classname={quoteattr(suite)} name={quoteattr(name)}"
    return f"{start}>\n{inner}  </testcase>\n" if inner else f"{start}/>\n"


def junit_suite(suite: str, cases: Sequence[str], sentences: str) -> str:
    """Return the document of cases from `junit_case`, with sentences as the output of all."""
    failures, skipped = (sum(f"<{kind} " in case for case in cases) for kind in ("failure", "skipped"))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<testsuite name={quoteattr(suite)} tests="{len(cases)}" failures="{failures}" errors="0" '
        f'skipped="{skipped}">\n'
        + "".join(cases)
        + f"  <system-out>{escape(sentences)}</system-out>\n</testsuite>\n"
    )
