"""What a person writes on a chart: title, names of axes and curves, and the part of the y axis that is shown."""

from collections.abc import Sequence

from actcli.dataclass import dataclass
from actcli.exits import UsageError


@dataclass(frozen=True, slots=True)
class Lettering:
    """Texts on a chart, as mathtext, and the range of y; blank or None where nothing was chosen.

    Attributes:
        title: above the chart.
        x_label: the name of the x axis.
        y_labels: the names of the panels' y axes, from the first.
        labels: `SPEC=TEXT`, the text for the curve of a function.
        y_range: the part of the y axis that every panel shows.

    """

    title: str = ""
    x_label: str = ""
    y_labels: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    y_range: tuple[float, float] | None = None

    def pick(self, names: Sequence[str]) -> dict[str, str]:
        """Return the texts of `labels` by the names that they are for. Raises UsageError for an unknown name."""
        texts = {}
        for entry in self.labels:
            fitting = [name for name in names if entry.startswith(f"{name}=")]
            if not fitting:
                known = ", ".join(dict.fromkeys(names))
                raise UsageError(f"--label {entry!r}: write NAME=TEXT, and one of these names: {known}")
            name = max(fitting, key=len)
            texts[name] = entry[len(name) + 1 :]
        return texts
