"""`--fail-above`, `--layer` and `--fail-on`: what makes the check fail."""

from typing import TYPE_CHECKING, Literal, get_args

from actcli.commands.values import one_of, share
from actcli.exits import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from actcli.analysis.deadness.report import ShareLimit

FailOnName = Literal["unobserved", "newly-dead"]


def read_limits(texts: "Sequence[str]", layer: str | None) -> "tuple[ShareLimit, ...]":
    """Return the limits of `SHARE` and `LAYER=SHARE`; a bare share is for each layer that matches `layer`, if given.

    Raises UsageError for what is no share, for two bare ones, and for a `layer` without a bare one.
    """
    from actcli.analysis.deadness.report import ShareLimit

    parse = share(ends=True)
    limits: list[ShareLimit] = []
    bare: list[str] = []
    for text in texts:
        pattern, equals, digits = text.rpartition("=")
        if equals and not pattern:
            raise UsageError(f"--fail-above {text!r}: the layer before = is missing; write LAYER=5%, or 5%")
        if not equals:
            bare.append(text)
        try:
            limits.append(ShareLimit(parse(digits), pattern if equals else layer))
        except UsageError as error:
            raise UsageError(f"--fail-above {error}") from None
    if len(bare) > 1:
        raise UsageError(
            f"--fail-above {bare[0]} and {bare[1]}: one share is for all units; write LAYER=SHARE for a layer"
        )
    if layer is not None and texts and not bare:
        raise UsageError("--layer needs a --fail-above SHARE without a layer of its own")
    return tuple(limits)


def bare_limit(limits: "Sequence[ShareLimit]", mode: str) -> float | None:
    """Return the only share of --fail-above; None without. Raises UsageError for shares of layers in a mode."""
    if any(limit.pattern is not None for limit in limits):
        raise UsageError(f"--fail-above LAYER=SHARE does not go with {mode}; give one share")
    return limits[0].share if limits else None


def require_fail_on(fail_on: "Sequence[str]", against: str | None, mode: str) -> None:
    """Raise UsageError for a --fail-on that is none, or has nothing to test."""
    for what in fail_on:
        if what not in get_args(FailOnName):
            raise UsageError(f"--fail-on {what!r}: must be {one_of(FailOnName)}")
    if len(set(fail_on)) < len(fail_on):
        raise UsageError(f"--fail-on {fail_on[-1]} is given twice")
    if "unobserved" in fail_on and mode != "model":
        raise UsageError("--fail-on unobserved belongs to models (.onnx): only there something is left out")
    if "newly-dead" in fail_on and against is None:
        raise UsageError("--fail-on newly-dead needs --against OLD: what died since then")
