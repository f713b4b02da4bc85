"""Results as CSV and TSV: a header line, then one line per number or per row, as the blocks come."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import repeat

from actcli.analysis.stream.evaluation import Array, Evaluation, quantity_of
from actcli.exits import DataError
from actcli.render.text.delimited import delimited_field, guard_formula
from actcli.render.text.numbers import join_columns, number_bytes, number_list, repeat_each, row_list
from actcli.render.values.lines import pieces


def row_columns(evaluation: Evaluation, x: Array, y: Array, *, with_x: bool) -> list[str]:
    """Return the names of the columns of a block, without the array's."""
    if y.ndim == 1:
        return ["x", "y"] if with_x else ["y"]
    if evaluation.columns:
        results = [quantity_of(evaluation.quantity, name) for name in evaluation.columns]
        return [*evaluation.columns, *results] if with_x else results
    xs = [f"x{i}" for i in range(1, x.shape[1] + 1)] if with_x else []
    if y.ndim == 2:
        return xs + [f"y{i}" for i in range(1, y.shape[1] + 1)]
    return ["row", "i", *xs, *(f"dy_dx{j}" for j in range(1, y.shape[2] + 1))]


@dataclass(slots=True)
class DelimitedLines:
    """CSV or TSV of one or several arrays: one header line, then one line per number or per row.

    The header is `y` or `x,y`; by rows `y1,…` or `x1,…,y1,…`, as wide as the first row, and of columns of a table
    `gelu(a),…` or `a,…,gelu(a),…`. A Jacobian has one line for each of a row's results: `row,i,dy_dx1,…`, counted
    from 1, with `x1,…` before `dy_dx1` if `with_x`. Where there are several arrays, the first column is `array`.
    `digits`: significant digits; None: all.
    """

    form: str
    with_x: bool
    digits: int | None = None
    header: bytes | None = None
    widths: tuple[int, ...] = ()

    @property
    def separator(self) -> bytes:
        """The character between two fields."""
        return b"," if self.form == "csv" else b"\t"

    def __call__(self, evaluation: Evaluation) -> Iterator[bytes]:
        """Yield the lines of one array; raises DataError at the first row of another width than the first."""
        array = None
        if evaluation.label is not None:
            array = delimited_field(guard_formula(evaluation.label, self.form), self.form)
        if not evaluation.by_rows:
            yield self._header_once(array, ["x", "y"] if self.with_x else ["y"])
        done = 0
        for x, y in pieces(evaluation):
            if y.ndim > 1:
                names = row_columns(evaluation, x, y, with_x=self.with_x)
                yield self._header_once(array, [self._named(name) for name in names])
                self._check_widths(x, y, done)
            yield self._block(array, x, y, done)
            done += len(y)

    def _header_once(self, array: bytes | None, columns: list[str]) -> bytes:
        if self.header is not None:
            return b""
        names = ["array", *columns] if array is not None else columns
        self.header = self.separator.join(name.encode() for name in names) + b"\n"
        return self.header

    def _named(self, name: str) -> str:
        return delimited_field(guard_formula(name, self.form), self.form).decode()

    def _check_widths(self, x: Array, y: Array, done: int) -> None:
        # How many results a Jacobian has does not count: they lie below each other.
        widths = (x.shape[1] if self.with_x else 0, y.shape[-1])
        self.widths = self.widths or widths
        for width, first in zip(widths, self.widths, strict=True):
            if width != first:
                raise DataError(
                    f"row {done + 1} has {width} numbers, the first row {first}: "
                    f"{self.form} needs rows of one length; --format jsonl does not"
                )

    def _block(self, array: bytes | None, x: Array, y: Array, done: int) -> bytes:
        if array is None and not self.with_x and y.ndim == 1:
            return number_bytes(y, digits=self.digits) + b"\n"
        columns: list[Iterable[bytes]] = [] if array is None else [repeat(array)]
        if y.ndim == 1:
            columns += [self._numbers(x), self._numbers(y)] if self.with_x else [self._numbers(y)]
        elif y.ndim == 2:
            xs = [self._rows(x)] if self.with_x else []
            columns += [*xs, self._rows(y)]
        else:
            rows, results, inputs = y.shape
            numbers = range(done + 1, done + rows + 1)
            columns += [
                repeat_each(map(_count, numbers), results),
                map(_count, [*range(1, results + 1)] * rows),
            ]
            columns += [repeat_each(self._rows(x), results)] if self.with_x else []
            columns += [self._rows(y.reshape(rows * results, inputs))]
        return join_columns(columns, self.separator)

    def _numbers(self, values: Array) -> list[bytes]:
        return number_list(values, digits=self.digits)

    def _rows(self, values: Array) -> list[bytes]:
        return row_list(values, self.separator, digits=self.digits)


def _count(value: int) -> bytes:
    return b"%d" % value
