"""The work of the slow steps on numbers of many bits, in units of about a microsecond, counted in each thread.

It is counted and not timed, so that it is the same on every machine.
"""

import math
import threading

_OF_A_PRODUCT, _OF_ITS_BITS = 0.2, 4.2e-5


class _Count(threading.local):
    units = 0.0


_COUNT = _Count()


def spent() -> float:
    """Return the units that this thread has spent so far."""
    return _COUNT.units


def spend(units: float) -> None:
    """Count so many units."""
    _COUNT.units += units


def spend_products(count: int, bits: int) -> None:
    """Count so many products of numbers of so many bits."""
    spend(count * (_OF_A_PRODUCT + _OF_ITS_BITS * bits * math.isqrt(bits)))
