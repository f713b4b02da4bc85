import io
import json
import zipfile
from dataclasses import fields, replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from actcli.activations import activation
from actcli.analysis.deadness import state_record
from actcli.analysis.deadness.firing_rule import firing_rule
from actcli.analysis.deadness.state_record import MEMBERS
from actcli.analysis.deadness.unit_state import COUNTS, NUMBERS, empty_state, merge, place_at
from actcli.analysis.deadness.unit_statistics import observe
from actcli.analysis.timeline import timeline_record
from actcli.cluster import partial
from actcli.exits import DataError
from actcli.render.deadness.state_file import write_state
from actcli.sources.records.packed_arrays import OWN_MEMBER
from actcli.sources.records.state_file import is_state, read_state
from actcli.sources.records.state_parts import StateParts

HOSTILE = "a/../b\x00\x1b[31m\t'[red]é\ud800.npy"


def layer(name="conv1", units=5, function="relu", recorded="post", start=7):
    """The statistics of 60 samples of 9 positions, with NaN, inf, -0.0 and subnormal numbers among them."""
    v = np.random.default_rng(units).standard_normal((60, units, 9))
    v[3, 0, 2], v[5, 1, 1], v[7, 2, 0] = np.nan, np.inf, 5e-324
    v[:, 2] = -0.0
    return observe(firing_rule(activation(function), recorded), name, v, start)


def same(one, other):
    for field in fields(one):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            assert (a.dtype, a.tobytes()) == (b.dtype, b.tobytes()), field.name
        else:
            assert a == b, field.name


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "s.npz")


def test_statistics_come_back_to_the_bit(path):
    layers = (
        layer(),
        layer(HOSTILE, 4, "leaky_relu:alpha=0.2", "pre", None),
        layer("gate", 4, "gelu_tanh", "pre"),
        empty_state("none", firing_rule(activation("tanh"), "post"), 0),
    )

    write_state(layers, path)
    back = read_state(path)

    assert len(back) == 4
    for before, after in zip(layers, back, strict=True):
        same(before, after)


def test_equal_statistics_are_equal_files_and_plain_arrays(path, tmp_path):
    write_state((layer(), layer("fc")), path)
    write_state((layer(), layer("fc")), str(tmp_path / "again.npz"))

    assert Path(path).read_bytes() == (tmp_path / "again.npz").read_bytes()
    with np.load(path, allow_pickle=False) as arrays:
        assert arrays["counts"].shape == (8, 10)
        said = json.loads(arrays["actcli_statistics"].tobytes())
    assert (said["version"], said["layers"][1]["name"]) == (1, "fc")


def test_a_file_is_known_by_its_content(path, tmp_path):
    write_state((layer(),), path)
    np.savez(tmp_path / "acts.npz", conv1=np.zeros((2, 3)))
    (tmp_path / "text.npz").write_bytes(b"1 2 3")

    assert is_state(path)
    assert [is_state(str(tmp_path / name)) for name in ("acts.npz", "text.npz", "gone.npz", ".")] == [
        False
    ] * 4


@pytest.mark.parametrize("kind", [state_record, timeline_record, partial])
def test_every_kind_of_file_has_a_member_that_tells_it_from_recorded_arrays(kind):
    assert kind.MEMBERS[0].startswith(OWN_MEMBER)


def test_a_file_appears_whole_or_not_at_all(path, tmp_path):
    write_state((layer(),), path)
    before = Path(path).read_bytes()

    with pytest.raises(DataError, match="two layers have the same name"):
        write_state((layer(), layer()), path)
    with pytest.raises(DataError, match="there are no statistics to write"):
        write_state((), path)
    with pytest.raises(DataError, match=r"the folder .* does not exist"):
        write_state((layer(),), str(tmp_path / "no" / "s.npz"))

    assert Path(path).read_bytes() == before
    assert list(tmp_path.iterdir()) == [Path(path)]


def npy(array) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def rewritten(path, change=None, arrays=None, compression=zipfile.ZIP_STORED):
    """The file of one layer with its description changed, and some arrays in place of others."""
    write_state((layer(),), path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    said = json.loads(np.load(io.BytesIO(members[MEMBERS[0]])).tobytes())
    if change is not None:
        change(said)
    members[MEMBERS[0]] = npy(np.frombuffer(json.dumps(said).encode(), np.uint8))
    members |= arrays or {}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            if content is not None:
                archive.writestr(name, content)


def first(**changes):
    return lambda said: said["layers"][0].update(changes)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda said: said.update(version=3),
            r"statistics of version 3, written by a newer actcli; this one reads version 2",
        ),
        (lambda said: said.update(version="1"), "has no version"),
        (lambda said: said.update(kind="other"), "not a statistics file of actcli"),
        (lambda said: said.update(layers=[]), "holds statistics of no layer"),
        (lambda said: said.update(layers=[3]), "a layer is incomplete"),
        (lambda said: said.update(counts=["fired"]), "it has other fields"),
        (lambda said: said["layers"].append(said["layers"][0]), "it has a layer twice"),
        (lambda said: said.update(part_of=3), "its part_of is no short text"),
        (lambda said: said.update(part_of="p" * 2000), "its part_of is no short text"),
        (first(units=-1), "a layer is incomplete"),
        (first(units=True), "a layer is incomplete"),
        (first(samples=10**30), "a layer is incomplete"),
        (first(recorded="both"), "a layer is incomplete"),
        (first(name=None), "a layer is incomplete"),
        (first(start=-1), "a layer is incomplete"),
        (first(function="rleu"), "layer 'conv1': .*.*relu"),
        (first(function="gelu"), "layer 'conv1': .*gelu cannot be inverted"),
        (first(units=6), "counts: its statistics are damaged: not the array that is described"),
        (first(units=10**15), "counts: its statistics are damaged: not the array that is described"),
        (first(samples=20), "layer 'conv1': .*unit 0: fired = 60, samples = 20"),
        (first(elements=20), "layer 'conv1': .*unit 0: samples = 60, elements = 20"),
    ],
)
def test_a_description_that_cannot_be(path, change, message):
    rewritten(path, change)

    with pytest.raises(DataError, match=f"s.npz:.*{message}"):
        read_state(path)


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"counts.npy": None}, "counts.npy is missing"),
        ({"counts.npy": npy(np.zeros((8, 5)))}, "not the array that is described"),
        ({"numbers.npy": npy(np.zeros((8, 5), "f4"))}, "not the array that is described"),
        ({"numbers.npy": npy(np.zeros((5, 8)).T)}, "not the array that is described"),
        ({"counts.npy": npy(np.full((8, 5), -3))}, "unit 0: fired = -3"),
        ({"numbers.npy": npy(np.full((8, 5), -1.0))}, "unit 3: nonpositive = [0-9]+, maximum = -1"),
        ({"numbers.npy": npy(np.zeros((8, 5)))[:-8]}, "truncated: the header promises 320 bytes of data"),
        ({"numbers.npy": npy(np.zeros((8, 5))) + b"more"}, "not as long as described"),
        ({"counts.npy": b"nothing"}, "not an .npy file"),
        ({MEMBERS[0]: npy(np.frombuffer(b"{" * 9, np.uint8))}, "description of its statistics is damaged"),
        (
            {MEMBERS[0]: npy(np.frombuffer(b"[" * 99_999, np.uint8))},
            "description of its statistics is damaged",
        ),
        ({MEMBERS[0]: npy(np.zeros((2, 2), np.uint8))}, "not the array that is described"),
    ],
)
def test_arrays_that_cannot_be(path, members, message):
    rewritten(path, arrays=members)

    with pytest.raises(DataError, match=message):
        read_state(path)


def changed(**values):
    """The statistics of a clean relu layer of one unit that fired on 2 of its 4 samples, with some values replaced."""
    rule = firing_rule(activation("relu"), "post")
    state = observe(rule, "a", np.array([[0.0], [2.0], [0.0], [1.0]]), 0)
    changes = {field: np.array([value], getattr(state, field).dtype) for field, value in values.items()}
    return replace(state, **changes)


@pytest.mark.parametrize(
    "values",
    [
        {"fired": 0},
        {"fired": 0, "first": -1, "last": -1},  # a maximum above 0
        {"fired": 5},
        {"first": -1},
        {"last": -1},
        {"first": -2},
        {"first": 3, "last": 1},
        {"last": 1 << 62},
        {"first": -3, "last": -3},
        {"minimum": 3.0},
        {"minimum": np.nan},
        {"maximum": -0.5},
        {"minimum": np.inf, "maximum": -np.inf},
        {"value_minimum": 3.0},
        {"value_maximum": np.nan},
        {"mean": np.nan},
        {"mean": 2.5},
        {"m2": -1.0},
        {"absolute": np.nan},
        {"slope": -1.0},
        {"nan": 5},
        {"nan": 1, "nonpositive": 4},
        {"nonpositive": 0},
        {"nonpositive": 4},
        {"infinite": -1},
        {"low": 3},
        {"low": 2, "high": 1},
        {"low": (1 << 62) - 1, "high": (1 << 62) - 1},
    ],
)
def test_statistics_that_no_data_give_are_refused_by_unit_and_value(path, values):
    write_state((changed(),), path)
    assert read_state(path)[0].fired == 2

    write_state((changed(**values),), path)
    with pytest.raises(DataError, match=r"s\.npz: layer 'a': impossible statistics of unit 0: ") as error:
        read_state(path)
    assert "\n" not in str(error.value)
    assert any(f"{field} = " in str(error.value) for field in values)


def test_parts_whose_counts_would_overflow_do_not_merge(tmp_path):
    paths = []
    for number in range(3):
        paths.append(str(tmp_path / f"{number}.npz"))
        state = replace(changed(), start=None, elements=(1 << 61) - 1)
        write_state((replace(state, nonpositive=state.elements - 2 + 0 * state.fired),), paths[-1])

    assert len(list(StateParts(paths[:2]).merge())) == 2
    with pytest.raises(DataError, match=r"2\.npz: layer 'a'.*elements"):
        list(StateParts(paths).merge())


def test_a_place_that_could_not_be_read_back_is_refused():
    assert place_at(changed(), (1 << 62) - 4).start == (1 << 62) - 4
    with pytest.raises(DataError, match=r"layer 'a'.*place"):
        place_at(changed(), (1 << 62) - 3)


NUMBERS_SEEN = st.one_of(
    st.floats(-3, 3, width=16),
    st.sampled_from([np.nan, np.inf, -np.inf, -0.0, 5e-324, 1e-300, 1e300, -1.7e308, 65504.0]),
)
BLOCKS = arrays(np.float64, st.tuples(st.integers(0, 4), st.just(2), st.just(3)), elements=NUMBERS_SEEN)
FUNCTIONS = ["relu", "gelu", "leaky_relu", "sin", "hard_swish", "sigmoid", "log1p(exp(x))", "sqrt(x)"]


@cache
def rule_of(function, recorded):
    return firing_rule(activation(function), recorded)


@settings(max_examples=150, deadline=None)
@given(
    drawn=st.lists(st.tuples(BLOCKS, st.booleans()), min_size=1, max_size=5),
    function=st.sampled_from(FUNCTIONS),
    recorded=st.sampled_from(["pre", "post"]),
    dtype=st.sampled_from([np.float16, np.float32, np.float64]),
)
def test_what_is_merged_and_written_can_be_read(tmp_path_factory, drawn, function, recorded, dtype):
    rule = rule_of(function, recorded if function in {"relu", "leaky_relu", "sigmoid"} else "pre")
    state, at = empty_state("a", rule, 2), 0
    for block, knows_its_place in drawn:
        with np.errstate(all="ignore"):
            part = observe(rule, "a", block.astype(dtype), at if knows_its_place else None)
        state = merge(state, part)
        at += len(block)
    path = str(tmp_path_factory.getbasetemp() / "merged.npz")

    write_state((state,), path)

    same(read_state(path)[0], state)


@pytest.mark.parametrize("value", [-np.inf, np.inf])
def test_units_that_gave_one_infinity_alone_are_read_back(value, path):
    state = observe(rule_of("leaky_relu", "pre"), "a", np.full((3, 2), value), 0)
    write_state((state,), str(path))
    same(read_state(str(path))[0], state)


def test_formulas_of_too_many_operations_are_refused_before_any_rule_is_made(path, monkeypatch):
    long = "+".join(["tanh(x)"] * 60)
    made = []

    def make_rule(function, recorded):
        made.append(function)
        return rule_of("relu", recorded)

    monkeypatch.setattr(state_record, "_rule", make_rule)

    def layers(count, functions):
        def change(content):
            (one,) = content["layers"]
            content["layers"] = [
                {**one, "name": str(i), "units": 0, "function": functions(i)} for i in range(count)
            ]

        empty = {"counts.npy": npy(np.zeros((8, 0), np.int64)), "numbers.npy": npy(np.zeros((8, 0)))}
        rewritten(path, change, empty)

    layers(300, lambda i: f"{long}+{i}")
    with pytest.raises(DataError, match=r"s\.npz: .*4,000 operations"):
        read_state(path)
    assert made == []
    layers(300, lambda _: long)
    assert len(read_state(path)) == len(made) == 300
    layers(300, lambda i: f"leaky_relu:alpha=0.{i + 1}")
    assert len(read_state(path)) == 300


def test_a_packed_file_is_refused_before_it_is_unpacked(path):
    rewritten(path, compression=zipfile.ZIP_DEFLATED)

    with pytest.raises(DataError, match="compressed"):
        read_state(path)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file(path, share):
    write_state((layer(),), path)
    content = Path(path).read_bytes()
    Path(path).write_bytes(content[: int(share * len(content))])

    with pytest.raises(DataError, match=r"s\.npz: not a statistics file, or a damaged one"):
        read_state(path)


def test_every_damaged_byte_is_an_error_or_no_harm(path):
    write_state((layer(),), path)
    content = Path(path).read_bytes()
    whole = read_state(path)
    for at in range(0, len(content), 7):
        Path(path).write_bytes(content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :])
        try:
            back = read_state(path)
        except DataError:
            continue
        same(whole[0], back[0])


def test_other_files(path, tmp_path):
    np.savez(path, conv1=np.zeros((2, 3)))
    with pytest.raises(DataError, match=r"no statistics of actcli; .*--save-state"):
        read_state(path)
    with pytest.raises(DataError, match="No such file"):
        read_state(str(tmp_path / "gone.npz"))
    with pytest.raises(DataError, match="Is a directory"):
        read_state(str(tmp_path))


def test_a_thousand_parts_give_what_one_pass_gives(tmp_path):
    rule, rng = firing_rule(activation("relu"), "post"), np.random.default_rng(0)
    h = np.maximum(rng.standard_normal((5000, 6, 2)) - [[2.0], [0.0], [9.0], [3.0], [-1.0], [1.0]], 0)
    h[4321, 5, 1] = np.nan
    cuts = [0, *sorted(rng.choice(5001, 999)), 5000]
    paths = []
    for number, (start, end) in enumerate(pairwise(map(int, cuts))):
        paths.append(str(tmp_path / f"{number}.npz"))
        write_state([observe(rule, "a", h[start:end], start)], paths[-1])
    rng.shuffle(paths)

    *_, last = StateParts(paths).merge()

    one, whole = last.states["a"], observe(rule, "a", h, 0)
    assert (last.done, one.samples, one.elements, one.start) == (1000, 5000, 10000, 0)
    for field in COUNTS:
        np.testing.assert_array_equal(getattr(one, field), getattr(whole, field), field)
    for field in NUMBERS:
        np.testing.assert_allclose(getattr(one, field), getattr(whole, field), rtol=1e-12, err_msg=field)
