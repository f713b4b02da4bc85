"""Timing: the rounds, the medians, other libraries, and what is known when it is cut short."""

import itertools
import math
import re
from dataclasses import replace

import numpy as np
import pytest

from actcli import activation
from actcli.analysis.compare.speed import compare_speed
from actcli.analysis.compare.timing import Peer
from actcli.exits import UsageError

SIZES = (50_000, 100_000)


class Clock:
    """Every reading is one second after the last: each timing takes a second."""

    def __init__(self):
        self.ticks = itertools.count()

    def __call__(self):
        return float(next(self.ticks))


class Stopwatch:
    """Time passes by what is run, not by what is read."""

    now = 0.0

    def __call__(self):
        return self.now


def compared(*specs, peers=(), threads=1, clock=None, sizes=SIZES, seed=0):
    fs = [activation(spec) for spec in specs]
    *_, last = compare_speed(fs, peers, threads, seed, clock=clock or Clock(), sizes=sizes)
    assert last.done == last.total
    return last.so_far


def peer(clock, seconds, *, name="slow", lacks=()):
    """A library in which f takes so many seconds, and f' twice as many."""

    def prepare(f, order):
        def run():
            clock.now += seconds * (order + 1)

        return None if f.name in lacks else lambda _: run

    used = []
    return Peer(name, "1.0", lambda x: x, prepare, used.append, "for a test."), used


def test_nanoseconds_an_element():
    found = compared("gelu")
    relu, gelu = found.contenders
    assert (relu.function, gelu.function) == ("relu", "gelu")
    assert gelu.value("float32_ns") == pytest.approx(1e9 / 100_000)
    assert gelu.value("float64_gradient_ns") == pytest.approx(1e9 / 100_000)
    assert (gelu.value("float32_relative"), gelu.value("float32_spread")) == (1.0, 0.0)


def test_details_hold_every_size_type_and_quantity():
    records = compared("gelu").contenders[1].details["sizes"]
    found = {(record["size"], record["dtype"], record["what"]) for record in records}
    assert found == set(itertools.product(SIZES, ("float32", "float64"), ("f", "gradient")))
    assert len(records) == len(found)
    assert {tuple(record) for record in records} == {
        ("dtype", "size", "what", "ns", "low", "high", "relative", "rounds")
    }


def test_relu_is_measured_once_and_stays_where_it_was_asked_for():
    assert [c.function for c in compared("gelu", "torch.relu").contenders] == ["gelu", "torch.relu"]
    assert compared("gelu", "torch.relu").contenders[1].value("float32_relative") == 1.0


def test_another_library_is_a_contender_of_its_own():
    clock = Stopwatch()
    slow, used = peer(clock, 1.0)
    base, _ = peer(clock, 0.5, name="base")
    found = compared("relu", "gelu", peers=(slow, base), threads=3, clock=clock)
    assert [c.function for c in found.contenders] == [
        "relu",
        "gelu",
        "relu in slow 1.0",
        "gelu in slow 1.0",
        "relu in base 1.0",
        "gelu in base 1.0",
    ]
    timed, faster = found.contenders[3], found.contenders[5]
    assert timed.value("float32_ns") == pytest.approx(1e9 / 100_000)
    assert timed.value("float32_gradient_ns") == pytest.approx(2e9 / 100_000)
    assert faster.value("float32_ns") == pytest.approx(0.5e9 / 100_000)
    assert used == [3]
    assert any("slow 1.0: for a test." in note for note in found.notes)


@pytest.mark.parametrize(("compiles", "runs"), [(True, 4), (False, 3)])
def test_of_large_arrays_only_what_is_compiled_runs_once_more(compiles, runs):
    clock = Stopwatch()
    slow, _ = peer(clock, 1.0)
    compared("relu", peers=(replace(slow, compiles=compiles),), clock=clock, sizes=(1_500_000,))
    assert clock.now == runs * 2 * (1 + 2)  # two types, f and f'


def test_what_a_library_lacks_is_said():
    clock = Stopwatch()
    slow, _ = peer(clock, 1.0, lacks=("squareplus",))
    found = compared("squareplus", peers=(slow,), clock=clock)
    assert [c.function for c in found.contenders] == ["relu", "squareplus", "relu in slow 1.0"]
    assert any("slow has no squareplus" in warning for warning in found.warnings)


def test_median_and_spread_of_the_rounds():
    readings = itertools.cycle([0.0, 1.0, 0.0, 1.0, 0.0, 2.0, 0.0, 5.0])
    found = compared("relu", clock=lambda: next(readings), sizes=(100_000,))
    record = found.contenders[0].details["sizes"][0]
    # f takes 1 s and 2 s in turn
    assert record["rounds"] == 11
    assert record["ns"] == pytest.approx(1e9 / 100_000)
    assert (record["low"], record["high"]) == (pytest.approx(1e4), pytest.approx(2e4))
    assert found.contenders[0].value("float32_spread") == pytest.approx(1e4)


def test_each_step_holds_what_was_measured_by_then():
    steps = list(compare_speed([activation("gelu")], (), 1, 0, clock=Clock(), sizes=(100_000,)))
    held = [len(step.so_far.contenders) for step in steps]
    assert held == sorted(held)
    assert set(held) == {0, 2}
    done = [step.done for step in steps]
    assert done == sorted(done)
    assert all(step.done < step.total for step in steps[:-1])


def test_only_complete_rounds_count_and_three_at_least():
    clock = Stopwatch()
    slow, _ = peer(clock, 1.0)
    fs = [activation("relu"), activation("gelu")]
    rounds, told = 0, set()
    for step in compare_speed(fs, (slow,), 1, 0, clock=clock, sizes=(50_000, 100_000)):
        held = [record["rounds"] for c in step.so_far.contenders for record in c.details["sizes"]]
        assert len(held) % 4 == 0  # of every contender the same
        assert min(held, default=3) >= 3
        part = [warning for warning in step.so_far.warnings if " of 11 rounds" in warning]
        told.update(part)
        rounds = max([rounds, *held])
    assert rounds == 11
    begun = "float32, 50,000 elements:"
    assert {f"{begun} {n} of 11 rounds, too few to report" for n in (0, 1, 2)} < told
    assert {f"{begun} {n} of 11 rounds" for n in range(3, 11)} < told
    assert not any(" of 11 rounds" in warning for warning in step.so_far.warnings)


def test_the_order_within_a_round_depends_on_the_seed_alone():
    fs = [activation(spec) for spec in ("leaky_relu", "identity", "tanh")]

    def order(seed):
        return [step.doing for step in compare_speed(fs, (), 1, seed, clock=Clock(), sizes=(100_000,))]

    assert order(1) == order(1)
    assert order(1) != order(2)
    assert compared("gelu", seed=7).seed == 7


def test_large_arrays_go_in_pieces_to_threads_and_the_pool_is_closed_early():
    steps = compare_speed([activation("gelu")], (), 2, 0, clock=Clock(), sizes=(600_000,))
    for step in steps:
        if step.so_far.contenders:
            break
    steps.close()
    found = step.so_far
    assert "2 threads" in found.notes[0]
    assert f"numpy {np.__version__}" in found.notes[0]


def test_bars_are_finite():
    bars = compared("gelu").chart.content
    assert len(bars) == 4
    assert all(math.isfinite(value) and value >= 0 for bar in bars for value in bar.values)
    assert bars[0].labels == ("relu", "gelu")


def test_real_time_passes():
    *_, last = compare_speed([activation("gelu")], (), 1, 0, sizes=(100_000,))
    assert all(contender.value("float64_ns") > 0 for contender in last.so_far.contenders)


@pytest.mark.parametrize(
    ("specs", "threads", "said"),
    [([], 1, "needs a function"), (["relu"], 0, "`threads=0`"), (["softmax"], 1, "over rows")],
)
def test_what_cannot_be_timed_is_refused_at_once(specs, threads, said):
    with pytest.raises(UsageError, match=said):
        compare_speed([activation(spec) for spec in specs], (), threads, 0)


def test_the_answer_compares_with_relu_at_the_largest_size():
    even = compared("gelu", "tanh", sizes=(50_000, 100_000)).answer
    assert even == (
        "gelu and tanh take as long as relu (f, float32, 100,000 elements). These are times of actcli's NumPy code on "
        "this CPU, not of a framework's kernels or a GPU."
    )
    alone = compared("relu").answer
    assert re.fullmatch(
        r"relu takes \S+ ns per element \(f, float32, [\d,]+ elements\)\. These are .*", alone
    )


def test_the_answer_says_whose_code_is_timed():
    clock = Stopwatch()
    quick, _ = peer(clock, 1.0, name="quick")
    gelu, _ = peer(clock, 3.0, name="quick")
    both = replace(quick, prepare=lambda f, order: (gelu if f.name == "gelu" else quick).prepare(f, order))

    class Both(Stopwatch):
        def __call__(self):
            clock.now += 0.5  # a reading takes as long as our own code
            return clock.now

    answer = compared("relu", "gelu", peers=(both,), clock=Both()).answer
    assert answer == (
        "gelu takes as long as relu (f, float32, 100,000 elements). gelu in quick 1.0 takes 2.3 times as long as relu "
        "in quick 1.0. Names without a framework are actcli's NumPy code; all times are of this CPU, not of a GPU."
    )
