"""Recordings: every epoch of every network as lines of a file, .csv for tables, .jsonl for programs."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from actcli.exits import UsageError
from actcli.render.output.documents import json_line
from actcli.render.output.layout import plain_suffix
from actcli.render.output.outfile import atomic_file, require_writable
from actcli.render.text.delimited import delimited_text
from actcli.render.text.fields import field_text

if TYPE_CHECKING:
    from actcli.analysis.training.comparison.contenders import EntrantHistories
    from actcli.analysis.training.history import History

FORMS = ("csv", "jsonl")


class Recording:
    """The file of --record, and the histories to write to it.

    Raises UsageError for an unknown suffix, DataError for a file that cannot be written.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.form = plain_suffix(path).removeprefix(".")
        if self.form not in FORMS:
            raise UsageError(f"--record {path!r}: the suffix must be .csv or .jsonl")
        require_writable(path)
        self.histories: tuple[History, ...] = ()

    def keep(self, outcomes: "EntrantHistories") -> None:
        """Keep the histories so far, in the order of the contenders."""
        self.histories = tuple(outcome.history for outcome in outcomes.values())

    def write(self) -> None:
        """Write the kept histories; nothing if no network was measured yet. Raises DataError."""
        if any(history.epochs >= 0 for history in self.histories):
            write_recording(self.histories, self.path)


def write_recording(histories: Iterable["History"], path: str) -> None:
    """Write one line per network and epoch, the file whole or not at all. Raises DataError if it cannot be written.

    `dead` holds one share per hidden layer, `gradient` one norm per weight layer, and `learned_alpha` one parameter per
    hidden layer, where any network learns it: lists in JSON; in CSV columns dead_1, gradient_1, ..., as many as the
    deepest network has, blank for layers that a network does not have.
    """
    histories = tuple(histories)
    learned = sorted({name for history in histories for name in history.learned})
    records = [record for history in histories for record in _records(history, learned)]
    text = _csv(records) if plain_suffix(path) == ".csv" else "".join(map(json_line, records))
    with atomic_file(path) as file:
        file.write(text.encode())


def _records(history: "History", learned: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the records, by network and then by epoch; `learned` are the trained parameters of any network."""
    shares = [layer.mean(axis=2) for layer in history.dead]
    for place, member in enumerate(history.members):
        gone = int(history.diverged[place])
        for epoch in range(history.epochs + 1):
            diverged = 0 <= gone <= epoch
            yield {
                "function": member.stack.spec,
                "depth": len(history.dead),
                "rate": member.rate,
                "seed": member.seed,
                "epoch": epoch,
                "train_loss": float(history.train_loss[epoch, place]),
                "test_loss": float(history.test_loss[epoch, place]),
                "train_score": float(history.train_score[epoch, place]),
                "test_score": float(history.test_score[epoch, place]),
                # units of a diverged network are neither dead nor alive
                "dead": [None if diverged else float(share[epoch, place]) for share in shares],
                "gradient": [_number(norm) for norm in history.gradient[epoch, place].tolist()],
                **{
                    f"learned_{name}": [
                        _number(value) for value in history.of_parameter(name)[epoch, place].tolist()
                    ]
                    for name in learned
                },
                "seconds": _number(float(history.seconds[epoch, place])),
                "diverged": diverged,
                **history.plan.settings,
                "split": member.split,
            }


def _number(value: float) -> float | None:
    """Return None for NaN: gradients and times before the first epoch and after divergence."""
    return None if math.isnan(value) else value


def _csv(records: list[dict[str, Any]]) -> str:
    lists = [name for name, value in records[0].items() if isinstance(value, list)]
    widths = {name: max(len(record[name]) for record in records) for name in lists}
    head = [
        column
        for name in records[0]
        for column in ([f"{name}_{i}" for i in range(1, widths[name] + 1)] if name in widths else [name])
    ]
    return delimited_text([head, *(_fields(record, widths) for record in records)], "csv")


def _fields(record: dict[str, Any], widths: dict[str, int]) -> list[str]:
    fields: list[str] = []
    for name, value in record.items():
        if name in widths:
            fields += [field_text(one) for one in value] + [""] * (widths[name] - len(value))
        else:
            fields.append(field_text(value))
    return fields
