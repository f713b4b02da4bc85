"""The report on one epoch: a small table of its layers and one sentence, as text, HTML, or numbers for a logger."""

import sys
import textwrap
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from actcli.analysis.deadness.report import Judgement, Report, ShareLimit, judge
from actcli.analysis.deadness.since import LayerChange, ModelChange
from actcli.analysis.deadness.verdict import LayerVerdict
from actcli.exits import ActcliError, ExitStatus, UsageError

_WIDTH = 80
_MOST_ROWS = 12
"""Layers that the table shows, those with the most dead units; `scalars` has all."""
_NAME_ROOM = 28


class DeadUnitsError(ActcliError):
    """More units are dead than the limit of a training allows, with enough samples to say so."""

    status = ExitStatus.FOUND


def require_share(limit: object) -> None:
    """Raise UsageError unless a limit is a share."""
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 <= limit <= 1:
        raise UsageError(f"fail_above={limit!r}: must be a share from 0 to 1")


@dataclass(frozen=True, slots=True, eq=False)
class EpochReport:
    """The units of all layers in one epoch, and the change since the epoch before.

    `str` gives the table and the sentence, in at most 80 columns; a notebook shows them as HTML.

    Attributes:
        number: the epoch's number.
        report: the layers with the class of every unit, and the bounds.
        since: the number of the epoch before; None for the first.
        change: the units that died or revived since then, of the layers that both epochs have; None for the first.

    """

    number: int
    report: Report
    since: int | None
    change: ModelChange | None

    @property
    def dead(self) -> int:
        """Dead units of all layers."""
        return self.report.dead

    @property
    def newly_dead(self) -> int:
        """Units that died since the epoch before, which chance does not explain."""
        return 0 if self.change is None else self.change.newly_dead

    @property
    def revived(self) -> int:
        """Units that were dead in the epoch before and fire again."""
        return 0 if self.change is None else self.change.revived

    def scalars(self) -> dict[str, float]:
        """Return `dead/LAYER` of each layer and `dead_share` of all, from 0 to 1; `newly_dead`, `revived` in units."""
        shares = {f"dead/{layer.name}": layer.dead_share for layer in self.report.layers}
        totals = {
            "dead_share": self.report.dead_share,
            "newly_dead": float(self.newly_dead),
            "revived": float(self.revived),
        }
        return shares | totals

    def judge(self, limit: float) -> Judgement:
        """Compare the share of dead units with a limit from 0 to 1, as `actcli deadcheck --fail-above` does.

        Raises UsageError for another limit.
        """
        require_share(limit)
        return judge(self.report, limit)

    def fail_above(self, limit: float) -> None:
        """Raise DeadUnitsError if the samples prove that more than this share of the units is dead, or any gave NaN.

        Where more are dead, but the samples are too few to prove it, it warns, and says how many it takes.
        """
        from actcli.render.deadness.findings import Findings
        from actcli.render.deadness.verdict import limit_sentences

        judgement = self.judge(limit)
        if judgement.status == "fine":
            return
        sentences = " ".join(limit_sentences(Findings(self.report, judgement, (ShareLimit(limit),))))
        if judgement.status == "found":
            raise DeadUnitsError(f"epoch {self.number}: {sentences}")
        warnings.warn(f"actcli: epoch {self.number}: {sentences}", stacklevel=2)

    def __str__(self) -> str:
        from actcli.render.output.surface import Surface
        from actcli.render.table.grid import GridColumn, draw_grid, in_script
        from actcli.render.table.layer_names import fit_names

        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        surface = Surface(_WIDTH, _shows_boxes(encoding), color=False, encoding=encoding, live=False)
        head, *rows = self._table()
        first, *others = zip(*rows, strict=True)
        columns = [GridColumn(head[0], fit_names(first, _NAME_ROOM, surface), left=True)]
        columns += [GridColumn(name, texts) for name, texts in zip(head[1:], others, strict=True)]
        sentences = map(in_script(surface), (self._sentence(), *self._notes()))
        below = "".join(textwrap.fill(sentence, _WIDTH) + "\n" for sentence in sentences)
        # ends in a line break, so that printed epochs stand apart
        return f"{self._title()}\n\n{draw_grid(columns, surface)}\n{below}"

    def _repr_html_(self) -> str:
        head, *rows = self._table()
        cells = "".join(f"<th>{escape(name)}</th>" for name in head)
        lines = [f"<tr>{cells}</tr>"]
        for row in rows:
            cells = "".join(f"<td>{escape(text)}</td>" for text in row)
            lines.append(f"<tr>{cells}</tr>")
        sentences = "".join(f"<p>{escape(sentence)}</p>" for sentence in (self._sentence(), *self._notes()))
        return f"<p><b>{escape(self._title())}</b></p><table>{''.join(lines)}</table>{sentences}"

    def _title(self) -> str:
        from actcli.render.deadness.wording import samples_text

        return f"epoch {self.number}: {samples_text(self.report.layers)}"

    def _notes(self) -> tuple[str, ...]:
        from actcli.terminal import printable

        return tuple(map(printable, self.report.notes))

    def _table(self) -> list[list[str]]:
        """Return the head and a row per layer: those with the most dead units, the others together, and all."""
        layers, changes = self.report.layers, self._changes()
        shown = _worst(layers, changes)
        others = [layer for layer in layers if layer not in shown]
        groups = [(layer.name, [layer]) for layer in shown]
        if others:
            groups.append((f"{len(others):,} other layers", others))
        if len(layers) > 1:
            groups.append(("all", list(layers)))
        rows = [["layer", "units", "dead", "dead %"]]
        rows += [_counts(name, group) for name, group in groups]
        if self.change is not None:
            rows[0] += ["newly dead", "revived"]
            for row, (_, group) in zip(rows[1:], groups, strict=True):
                changed = [changes[layer.name] for layer in group if layer.name in changes]
                row += [
                    f"{sum(len(layer.newly_dead) for layer in changed):,}",
                    f"{sum(len(layer.revived) for layer in changed):,}",
                ]
        return rows

    def _changes(self) -> dict[str, LayerChange]:
        return {} if self.change is None else {layer.name: layer for layer in self.change.layers}

    def _sentence(self) -> str:
        """Return how many units are dead, how sure that is, and how many died or revived since the epoch before."""
        from actcli.render.deadness.change import changes_by_unit

        parts = [self._dead_text()]
        nonfinite = sum(layer.nonfinite for layer in self.report.layers)
        if nonfinite:
            parts.append(f"{nonfinite:,} gave NaN or inf")
        if self.change is not None and any(map(changes_by_unit, self.change.layers)):
            parts.append(self._change_text(self.change))
        return "; ".join(parts) + "."

    def _dead_text(self) -> str:
        from actcli.render.deadness.wording import bound_text, percent, silence_bound
        from actcli.render.text.notation import quantity

        report, confidence = self.report, self.report.settings.confidence
        if not report.dead:
            known = " known to be" if any(layer.nonfinite for layer in report.layers) else ""
            return f"None of {quantity(report.units, 'unit')} is{known} dead"
        dead_layers = [layer for layer in report.layers if layer.dead]
        bound = bound_text(max(silence_bound(layer, confidence) for layer in dead_layers))
        be, each = ("is", "") if report.dead == 1 else ("are", " each")
        return (
            f"{report.dead:,} of {quantity(report.units, 'unit')} ({percent(report.dead_share)} %) {be} dead"
            f"{_place(dead_layers)}, p < {bound}{each} ({percent(confidence)} % confidence)"
        )

    def _change_text(self, change: ModelChange) -> str:
        from actcli.render.text.notation import quantity

        newly, revived = change.newly_dead, change.revived
        died, woke = (f"{count:,}" if count else "none" for count in (newly, revived))
        text = f"{died} died and {woke} revived since epoch {self.since}"
        unclear = change.unclear + change.unclear_revived
        return f"{text}, {quantity(unclear, 'more change')} may be chance" if unclear else text


def _shows_boxes(encoding: str) -> bool:
    try:
        "─…".encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _worst(layers: Sequence[LayerVerdict], changes: dict[str, LayerChange]) -> list[LayerVerdict]:
    """Return the layers to show, in their order: those in which most units died, are dead, or revived."""

    def rank(layer: LayerVerdict) -> tuple[int, int, int, int]:
        change = changes.get(layer.name)
        newly, revived = (len(change.newly_dead), len(change.revived)) if change else (0, 0)
        return newly, layer.dead, layer.nonfinite, revived

    if len(layers) <= _MOST_ROWS:
        return list(layers)
    chosen = set(map(id, sorted(layers, key=rank, reverse=True)[: _MOST_ROWS - 1]))
    return [layer for layer in layers if id(layer) in chosen]


def _counts(name: str, layers: Sequence[LayerVerdict]) -> list[str]:
    from actcli.render.deadness.wording import percent
    from actcli.terminal import printable

    units, dead = sum(layer.units for layer in layers), sum(layer.dead for layer in layers)
    return [printable(name), f"{units:,}", f"{dead:,}", percent(dead / units) if units else "–"]


def _place(dead_layers: Sequence[LayerVerdict]) -> str:
    """Return where the dead units are: `, in conv1`, `, in 3 layers, most in conv1 (3)`."""
    from actcli.terminal import printable

    if len(dead_layers) == 1:
        return f", in {printable(dead_layers[0].name)}"
    worst, second, *_ = sorted(dead_layers, key=lambda layer: -layer.dead)
    most = f", most in {printable(worst.name)} ({worst.dead:,})" if worst.dead > second.dead else ""
    return f", in {len(dead_layers):,} layers{most}"
