"""An activation with its parameters set, as `activation("leaky_relu:0.2")` returns it."""

from collections.abc import Callable, Mapping
from dataclasses import field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from actcli.activations.catalogue import find_catalogued
from actcli.activations.definition import FORMULA, Array, Definition, Kernel, Kink
from actcli.dataclass import dataclass
from actcli.exits import UsageError

if TYPE_CHECKING:
    from actcli.activations.calculus.effort import Effort

HIGHEST_ORDER = 100
"""Beyond it n! takes the derivatives of most functions out of the range of float64."""
SIDES = ("default", "left", "right", "mean", "nan")
BLOCK = 65536
"""Elements computed at a time: with their temporaries they fit the second-level cache (measured, 2 threads)."""

_FLOATS = {np.dtype(np.float16), np.dtype(np.float32), np.dtype(np.float64)}


@dataclass(frozen=True, slots=True)
class Activation:
    """One activation, callable on arrays; `activation(spec)` makes it.

    Attributes:
        spec: the specification as it was typed.
        definition: formula, kernels, source, names in the frameworks.
        parameters: the value of every parameter, by our names.
        dialect: `torch`, `jax`, `keras`, `onnx`, `hf`, or None.
        effort: what goes into digits that a formula loses; None for as much as it takes.

    """

    spec: str
    definition: Definition
    parameters: Mapping[str, float]
    dialect: str | None = None
    effort: "Effort | None" = field(default=None, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The canonical name in the catalogue."""
        return self.definition.name

    @property
    def is_named(self) -> bool:
        """Whether it has a name, in the catalogue or a person's file, and is not just a formula."""
        return self.definition.name != self.definition.formula

    @property
    def by_rows(self) -> bool:
        """Whether it maps rows (the last axis) to rows, instead of numbers to numbers."""
        return self.definition.by_rows

    @property
    def is_approximate(self) -> bool:
        """Whether its effort is spent: digits that the formula loses are no longer given back."""
        return self.effort is not None and self.effort.is_spent

    @property
    def kinks(self) -> tuple[Kink, ...]:
        """The points where the value, the slope or the curvature is not continuous, or not what autograd gives."""
        return tuple(k for k in self.definition.kinks(**self.parameters) if k.matters)

    def __call__(self, x: ArrayLike) -> NDArray[Any]:
        """Return f(x), elementwise or along the last axis.

        x: any shape. float16, float32 and float64 are kept (computed in float64, rounded once); integers and booleans
        become float64. Raises UsageError for other types, and for rows of a length that f does not take.
        """
        kernel = self._bound(self.definition.value)
        if self.definition.family == FORMULA:
            return self._apply(self._repair(kernel, 0), x)
        return self._apply(kernel, x, lambda: self._bound(self._exact_kernel(0) or self.definition.value))

    def quick(self, x: ArrayLike, wrt: str | None = None) -> NDArray[Any]:
        """Return f(x), or its derivative by x or a parameter, to a few units in the last place.

        Of a formula the digits that it loses are not given back.
        """
        kernel = self._bound(self.definition.value) if wrt is None else self._derivative(1, wrt, "default")
        return self._apply(kernel, x)

    def grad(self, x: ArrayLike, order: int = 1, wrt: str = "x", at_kink: str = "default") -> NDArray[Any]:
        """Return a derivative by x, of any order up to 100, or the first by a parameter; over rows the diagonal.

        x: as in a call; the result has its shape and dtype. `at_kink` chooses the derivative at a kink: `default` is
        that of PyTorch's autograd (of JAX's for `jax.` functions), `left` and `right` are one-sided, `mean` is their
        mean, `nan` is NaN where they differ. Raises UsageError for a derivative that does not exist: order 3 over
        rows, the second by a parameter, by an unknown parameter, or a diagonal where the row changes its length.
        """
        kernel = self._derivative(order, wrt, at_kink)
        if self.definition.family == FORMULA or order > 2:
            repaired = self._repair(kernel, order, wrt)
            return self._apply(repaired, x, partial(self._exact_higher, order, repaired))
        return self._apply(kernel, x, lambda: self._derivative(order, wrt, at_kink, exact=True))

    def is_known(self, x: Array, order: int = 0) -> NDArray[np.bool_]:
        """Return where f(x), or a derivative by x, can be relied on: x float64 of one axis.

        It cannot where a formula cancels to the last of 106 bits, as sin(x) at 1e300. Infinite results are known.
        """
        if self.definition.family != FORMULA:
            return np.ones(x.shape, np.bool_)
        from actcli.activations.calculus.repair import is_known

        known = is_known(self.definition, order, self.parameters, x, self.effort)
        y = self.grad(x, order) if order else self(x)
        known |= np.isinf(y)
        return known

    def jacobian(self, x: ArrayLike) -> NDArray[Any]:
        """Return all d y_i / d x_j of a function over rows: x of shape (…, n) gives (…, m, n).

        Raises UsageError for a function that works element by element.
        """
        definition = self.definition
        if definition.jacobian is None:
            raise UsageError(f"{self.spec} works element by element: its derivative is grad(x)")
        jacobian = definition.jacobian
        return self._apply(self._bound(jacobian), x, partial(self._exact_jacobian, jacobian), jacobian=True)

    @property
    def kernels(self) -> tuple[Kernel, Kernel]:
        """Bare f and f' for arrays that are computed again and again: no checks, no blocks, in the precision of x.

        They take a contiguous float64 or float32 array and return an array of its shape. In float32 the steps are
        rounded too: the error is within 1e-5 of the scale of f, without a promise in ULP. Raises UsageError over rows.
        """
        if self.by_rows:
            raise UsageError(f"{self.spec} works over rows, not element by element")
        value, slope = self._bound(self.definition.value), self._derivative(1, "x", "default")
        if self.definition.family == FORMULA:
            return partial(_cast, value), partial(_cast, slope)
        return value, slope

    def _repair(self, kernel: Kernel, order: int, wrt: str = "x") -> Kernel:
        """Return the kernel with the digits that float64 loses; what gives them back is loaded at its first call."""
        name = wrt if wrt == "x" else self.resolve_parameter(wrt)

        def repaired(x: Array) -> Array:
            from actcli.activations.calculus.repair import repair

            return repair(kernel, self.definition, order, self.parameters, name, self.effort)(x)

        return repaired

    def width(self, n: int) -> int:
        """Return the length of the result for a row of n numbers. Raises UsageError when f takes no such row."""
        try:
            return self.definition.output_width(n, **self.parameters)
        except ValueError as error:
            raise UsageError(str(error)) from None

    def _bound(self, kernel: Kernel) -> Kernel:
        return partial(kernel, **self.parameters)

    def _exact_kernel(self, order: int) -> Kernel | None:
        """Return the kernel for float64 of f, f' or f''; None where the definition's own is exact."""
        from actcli.activations.exact.kernels import exact_kernel

        kernel = exact_kernel(self.definition, order)
        if kernel is None and self._is_composed:
            from actcli.activations.calculus.composed import composed_kernel

            ordinary = (self.definition.value, self.definition.slope, self.definition.curvature)[order]
            return None if ordinary is None else composed_kernel(self.definition, order, ordinary)
        return kernel

    @property
    def _is_composed(self) -> bool:
        """Whether the exact kernels are those of the expression; a copy with other kernels computes by them."""
        return self.definition.composed and find_catalogued(self.name) is self.definition

    def _exact_higher(self, order: int, ordinary: Kernel) -> Kernel:
        if self.definition.family == FORMULA:
            return ordinary
        from actcli.activations.exact.kernels import HIGHEST_EXACT_ORDER, exact_higher_kernel

        kernel = exact_higher_kernel(self.definition, order, ordinary)
        if kernel is None and self._is_composed and order <= HIGHEST_EXACT_ORDER:
            from actcli.activations.calculus.composed import composed_higher_kernel

            kernel = composed_higher_kernel(self.definition, order, ordinary)
        return ordinary if kernel is None else self._bound(kernel)

    def _exact_jacobian(self, ordinary: Kernel) -> Kernel:
        from actcli.activations.exact.kernels import exact_jacobian

        return self._bound(exact_jacobian(self.definition) or ordinary)

    def _derivative(self, order: int, wrt: str, at_kink: str, *, exact: bool = False) -> Kernel:
        if not 1 <= order <= HIGHEST_ORDER:
            raise UsageError(f"`order={order}`: the order of a derivative is from 1 to {HIGHEST_ORDER}")
        if at_kink not in SIDES:
            raise UsageError(f"`at_kink={at_kink!r}`: choose from {', '.join(SIDES)}")
        if wrt != "x":
            return self._by_parameter(order, wrt, at_kink, exact=exact)
        if order > 2 or self.definition.family == FORMULA:
            return self._by_series(order, at_kink)
        kernel = self.definition.slope if order == 1 else self.definition.curvature
        if kernel is None:
            raise UsageError(
                f"{self.spec} changes the length of a row, so its Jacobian has no diagonal: use `.jacobian()`"
            )
        if self.by_rows and at_kink != "default":
            raise UsageError(
                f"`at_kink={at_kink!r}`: the kinks of {self.spec} depend on the whole row; only 'default' is known"
            )
        if exact:
            kernel = self._exact_kernel(order) or kernel
        side = "jax" if at_kink == "default" and self.dialect == "jax" else at_kink
        at = [(kink.at, kink.derivative(order, side)) for kink in self.kinks]
        return partial(_set_at_kinks, self._bound(kernel), at)

    def _by_series(self, order: int, at_kink: str) -> Kernel:
        """Return the derivative of any order, from the expression; at a kink from the branches that meet there.

        What computes it is loaded at the first call: many kernels are made and not called.
        """
        if self.by_rows:
            raise UsageError(
                f"`order={order}`: {self.spec} works over rows, and has derivatives of order 1 and 2 only"
            )

        def kernel(x: Array, /, **parameters: float) -> Array:
            from actcli.activations.calculus.derivatives import differentiate_at_kinks

            return differentiate_at_kinks(self.definition, order, at_kink, x, **parameters)

        return self._bound(kernel)

    def _by_parameter(self, order: int, wrt: str, at_kink: str, *, exact: bool) -> Kernel:
        name = self.resolve_parameter(wrt)
        if order != 1:
            raise UsageError(f"`order={order}`: by a parameter there is the first derivative only")
        if at_kink != "default":
            raise UsageError(f"`at_kink={at_kink!r}` belongs to derivatives by x, not by {wrt}")
        kernel = self.definition.by_parameter.get(name)
        if kernel is None:
            raise UsageError(f"{self.spec} has no derivative by {wrt}")
        if exact:
            from actcli.activations.exact.kernels import exact_parameter_kernel

            closer = exact_parameter_kernel(self.definition, name)
            if closer is None and self._is_composed:
                from actcli.activations.calculus.composed import composed_kernel

                closer = composed_kernel(self.definition, 1, kernel, name)
            kernel = closer or kernel
        return partial(_keep_nan, self._bound(kernel))

    def resolve_parameter(self, wrt: str) -> str:
        """Return our name of the parameter that `wrt` names. Raises UsageError when there is no such parameter."""
        return self.definition.parameter_name(wrt, self.spec)

    def _apply(
        self,
        kernel: Kernel,
        x: ArrayLike,
        exact: Callable[[], Kernel] | None = None,
        *,
        jacobian: bool = False,
    ) -> NDArray[Any]:
        """Return the kernel's results, in float64 those of the exact kernel if there is one."""
        try:
            array = np.asarray(x)
        except ValueError as error:  # rows of different lengths
            raise UsageError(f"{self.spec} takes an array: {error}") from None
        if array.dtype.kind in "iub":
            array = array.astype(np.float64)
        if array.dtype.newbyteorder("=") not in _FLOATS:
            raise UsageError(
                f"{self.spec} takes float16, float32, float64 or whole numbers, not {array.dtype}"
            )
        dtype = array.dtype.newbyteorder("=")
        with np.errstate(all="ignore"):
            if exact is not None and dtype == np.float64:
                kernel = exact()
            if self.by_rows:
                return self._along_rows(kernel, array, dtype, jacobian=jacobian)
            flat = array.reshape(-1)
            if self.definition.family == FORMULA and dtype == np.float64:
                # a program works in chunks of its own; blocks of ours would be copied once more
                return kernel(np.ascontiguousarray(flat, np.float64)).reshape(array.shape)
            result = np.empty(array.size, dtype)
            for start in range(0, array.size, BLOCK):
                block = np.ascontiguousarray(flat[start : start + BLOCK], np.float64)
                result[start : start + BLOCK] = kernel(block)
        return result.reshape(array.shape)

    def _along_rows(
        self, kernel: Kernel, array: NDArray[Any], dtype: np.dtype[Any], *, jacobian: bool
    ) -> NDArray[Any]:
        if array.ndim == 0:
            raise UsageError(f"{self.spec} takes rows: an array with at least one axis, not a single number")
        n = array.shape[-1]
        m = self.width(n)
        if array.size == 0:
            return np.empty((*array.shape[:-1], m, n) if jacobian else (*array.shape[:-1], m), dtype)
        rows = np.ascontiguousarray(array.reshape(-1, n), np.float64)
        step = max(1, BLOCK // n)
        pieces = [kernel(rows[i : i + step]).astype(dtype) for i in range(0, len(rows), step)]
        result = np.concatenate(pieces)
        return result.reshape(*array.shape[:-1], *result.shape[1:])


def _set_at_kinks(kernel: Kernel, at: list[tuple[float, float]], x: Array) -> Array:
    """Return the kernel's derivative, with the chosen one at each kink."""
    y = kernel(x)
    for point, value in at:
        here = x == point
        if here.any():
            y = np.where(here, value, y)
    return y


def _cast(kernel: Kernel, x: Array) -> Array:
    """Return the result of a formula's kernel, which computes in float64, in the precision of x."""
    return kernel(x).astype(x.dtype, copy=False)


def _keep_nan(kernel: Kernel, x: Array) -> Array:
    """Return the kernel's derivative by a parameter, with NaN where x is NaN."""
    return np.where(np.isnan(x), x, kernel(x))
