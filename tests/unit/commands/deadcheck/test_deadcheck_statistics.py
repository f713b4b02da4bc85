"""Statistics files of `actcli deadcheck`: parts that merge or are refused, places, empty parts; and the gate."""

import json

import numpy as np
import pytest
from invocation import invoke, refused
from recorded_layers import layer

from actcli.exits import DataError


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("net.npz", conv1=layer(), fc=layer(dead=()))
    return tmp_path


@pytest.mark.usefixtures("folder")
def test_statistics_merge_to_what_one_pass_gives():
    h = layer()
    np.savez("first.npz", conv1=h[:700], fc=h[:700, 4:])
    np.savez("second.npz", conv1=h[700:], fc=h[700:, 4:])
    np.savez("whole.npz", conv1=h, fc=h[:, 4:])
    for name in ("first", "second"):
        assert invoke("deadcheck", f"{name}.npz", "--save-state", f"{name}_state.npz").status == 0
    merged = invoke("deadcheck", "first_state.npz", "second_state.npz", "--format", "json").json
    whole = invoke("deadcheck", "whole.npz", "--format", "json").json
    for one, other in zip(merged["layers"], whole["layers"], strict=True):
        assert (one["counts"], one["samples"], one["dead"]) == (
            other["counts"],
            other["samples"],
            other["dead"],
        )


@pytest.mark.usefixtures("folder")
def test_statistics_are_not_recorded_activations():
    invoke("deadcheck", "net.npz", "--save-state", "state.npz")
    for arguments in (["--recorded", "pre"], ["--unit-axis", "1"], ["--activation", "relu"]):
        assert "not statistics files" in refused("deadcheck", "state.npz", *arguments)
    assert "one kind at a time" in refused("deadcheck", "state.npz", "net.npz")
    assert "not statistics files" in refused("deadcheck", "state.npz", "--stop-when-certain")


@pytest.mark.usefixtures("folder")
def test_against_an_earlier_state():
    np.savez("net.npz", conv1=layer(dead=(3,)))
    invoke("deadcheck", "net.npz", "--save-state", "old.npz")
    np.savez("net.npz", conv1=layer(dead=(5, 6)))
    change = invoke("deadcheck", "net.npz", "--against", "old.npz", "--format", "json").json["change"]
    assert [(one["layer"], one["newly_dead"], one["revived"], one["still_dead"]) for one in change] == [
        ("conv1", [5, 6], [3], [])
    ]
    for form in ("table", "markdown"):
        said = invoke("deadcheck", "net.npz", "--against", "old.npz", "--format", form).out
        assert "conv1: 2 newly dead (5, 6; p-value up to" in said
        assert ", 1 revived (3; p-value" in said


def part(name, h, **options):
    np.savez("part.npz", **h) if isinstance(h, dict) else np.savez("part.npz", conv1=h)
    more = [text for option, value in options.items() for text in (f"--{option}", value)]
    assert invoke("deadcheck", "part.npz", "--save-state", name, *more).status == 0


def places(*files):
    lines = invoke("deadcheck", *files, "--units", "--format", "tsv").out.splitlines()
    head, *rows = [line.split("\t") for line in lines]
    at = [head.index(key) for key in ("unit", "first", "last")]
    return {row[at[0]]: (row[at[1]], row[at[2]]) for row in rows}


def rare_unit():
    """Unit 1 fires on samples 900 and 1500 of 2000, and unit 3 never."""
    h = layer(dead=(1, 3))
    h[[900, 1500], 1] = 1
    return h


@pytest.mark.usefixtures("folder")
def test_places_of_merged_parts_are_known_where_each_says_its_start():
    h = rare_unit()
    part("a.npz", h[:1000], start=0)
    part("b.npz", h[1000:], start=1000)
    assert places("b.npz", "a.npz") == {"1": ("900", "1500"), "3": ("", "")}
    assert places("b.npz") == {"1": ("1500", "1500"), "3": ("", "")}
    assert invoke("deadcheck", "a.npz", "b.npz", "--save-state", "ab.npz").status == 0
    assert places("ab.npz") == {"1": ("900", "1500"), "3": ("", "")}


@pytest.mark.usefixtures("folder")
def test_places_of_merged_parts_without_a_start_are_not_made_up():
    h = rare_unit()
    part("a.npz", h[:1000])
    part("b.npz", h[1000:], start=1000)
    assert places("a.npz", "b.npz") == {"1": ("", ""), "3": ("", "")}
    assert places("a.npz") == {"1": ("900", "900"), "3": ("", "")}
    # a part that is all there is counts from its own first sample
    (said,) = invoke("deadcheck", "a.npz", "b.npz", "--format", "json").json["layers"]
    assert [unit["first"] for unit in said["not_alive"]] == [None, None]


@pytest.mark.usefixtures("folder")
def test_one_part_does_not_count_twice(folder):
    part("a.npz", layer(), start=0)
    part("copy.npz", layer()[:7], start=0)
    (folder / "link.npz").symlink_to("a.npz")
    for one, other, said in (
        ("a.npz", "a.npz", "a.npz: is named twice: its samples would count twice"),
        ("a.npz", "./a.npz", "a.npz and ./a.npz are one file: its samples would count twice"),
        ("link.npz", "a.npz", "link.npz and a.npz are one file"),
    ):
        assert said in refused("deadcheck", one, other)
    assert "a.npz and copy.npz both begin with sample 0 of layer 'conv1'" in refused(
        "deadcheck", "a.npz", "copy.npz", kind=DataError
    )


@pytest.mark.usefixtures("folder")
def test_parts_of_other_layers_units_or_firing_do_not_merge():
    h = layer()
    part("one.npz", {"conv1": h})
    part("two.npz", {"conv1": h, "fc": h})
    part("narrow.npz", h[:, :5])
    part("other.npz", h, activation="relu6")
    for files, said in (
        (
            ("one.npz", "two.npz"),
            "two.npz: its layers are not those of one.npz: 'fc' is in two.npz, not in one",
        ),
        (
            ("two.npz", "one.npz"),
            "one.npz: its layers are not those of two.npz: 'fc' is in two.npz, not in one",
        ),
        (("one.npz", "narrow.npz"), "narrow.npz: layer 'conv1' has 20 units in one part and 5 in another"),
        (("one.npz", "other.npz"), "other.npz: layer 'conv1' was recorded as post of relu and post of relu6"),
    ):
        assert said in refused("deadcheck", *files, kind=DataError)


@pytest.mark.usefixtures("folder")
def test_an_empty_part_is_kept_and_merges_and_alone_says_nothing():
    h = layer()
    np.savez("part.npz", conv1=h[:0])
    assert "part.npz: 0 samples" in refused("deadcheck", "part.npz", kind=DataError)
    part("none.npz", h[:0])
    assert "No sample was seen." in invoke("deadcheck", "part.npz", "--save-state", "none.npz").err
    part("all.npz", h)
    for files in (("none.npz", "all.npz"), ("all.npz", "none.npz")):
        assert invoke("deadcheck", *files)[:2] == invoke("deadcheck", "all.npz")[:2]
    assert "none.npz: 0 samples" in refused("deadcheck", "none.npz", kind=DataError)
    assert invoke("deadcheck", "none.npz", "--save-state", "again.npz", "--fail-above", "5%").status == 4
    assert "no samples in the older statistics" in refused(
        "deadcheck", "all.npz", "--against", "none.npz", kind=DataError
    )
    for form in ("table", "json", "csv", "markdown", "junit"):
        assert invoke("deadcheck", "none.npz", "--save-state", "again.npz", "--format", form).status == 0


@pytest.mark.usefixtures("folder")
def test_a_layer_without_samples_beside_another():
    np.savez("net.npz", conv1=layer(), fc=layer()[:0])
    status, _, err = invoke("deadcheck", "net.npz", "--fail-above", "50%")
    assert status == 4
    assert "2 of 20 units (10 %) are dead, both in conv1" in err
    assert "1 layer has no sample: fc." in err


@pytest.mark.usefixtures("folder")
def test_a_start_moves_the_places_of_its_own_report_too():
    np.savez("net.npz", conv1=rare_unit())
    assert places("net.npz")["1"] == ("900", "1500")
    assert places("net.npz", "--save-state", "s.npz", "--start", 5000)["1"] == ("5900", "6500")


@pytest.mark.parametrize("form", ["table", "plain", "json", "junit"])
@pytest.mark.usefixtures("folder")
def test_nan_fails_the_gate(form):
    np.savez("net.npz", conv1=np.full((50, 4), np.nan))
    status, _, err = invoke("deadcheck", "net.npz", "--fail-above", "100%", "--format", form)
    assert status == 3
    assert form == "table" or "4 of 4 units gave NaN or inf, which no limit allows." in err


@pytest.mark.parametrize(("function", "at"), [("gelu", -9), ("silu", -30), ("tanh", 12)])
@pytest.mark.usefixtures("folder")
def test_a_layer_that_is_mostly_dead_fails_the_gate(function, at):
    z = np.random.default_rng(0).standard_normal((2000, 20))
    z[:, 4:] = at + 0.3 * z[:, 4:]
    np.save("z.npy", z)
    status, _, err = invoke(
        "deadcheck", "z.npy", "--recorded", "pre", "--activation", function, "--fail-above", "50%"
    )
    assert status == 3
    assert "16 of 20 units (80 %) are dead" in err


@pytest.mark.usefixtures("folder")
def test_a_unit_that_died_of_nan_has_not_revived():
    np.savez("net.npz", conv1=layer(dead=(3, 5)))
    invoke("deadcheck", "net.npz", "--save-state", "old.npz")
    h = layer(dead=(3,))
    h[7, 5] = np.nan
    np.savez("net.npz", conv1=h)
    (said,) = invoke("deadcheck", "net.npz", "--against", "old.npz", "--format", "json").json["change"]
    assert (said["newly_dead"], said["revived"], said["still_dead"]) == ([], [], [3])


@pytest.mark.usefixtures("folder")
def test_a_layer_ends_when_it_has_enough_though_another_never_will():
    np.savez("net.npz", short=layer(30, 64), long=layer(60_000, 64))
    said = json.loads(
        invoke(
            "deadcheck",
            "net.npz",
            "--stop-when-certain",
            "--threads",
            1,
            "--format",
            "json",
            "--fail-above",
            "1%",
        ).out
    )
    short, long = said["layers"]
    assert (short["samples"], said["verdict"]["stopped_early"]) == (30, True)
    assert said["samples_needed"] <= long["samples"] < 60_000
    assert said["verdict"]["status"] == "found"  # by the layer that has enough: 2 of 128 units


def test_statistics_of_one_model_merge_and_those_of_two_do_not(tmp_path, monkeypatch):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    monkeypatch.chdir(tmp_path)
    for seed in (1, 2):
        train = (
            "--train",
            "relu",
            "--lr",
            "0.1",
            "--epochs",
            "1",
            "--seeds",
            "1",
            "--width",
            "8",
            "--seed",
            seed,
        )
        files = ("--export", f"m{seed}.onnx", "--export-data", "x.npy", "--quiet")
        invoke("deadcheck", *train, *files)
    x = np.load("x.npy")
    np.save("x1.npy", x[:200])
    np.save("x2.npy", x[200:])
    for model, part in ((1, 1), (1, 2), (2, 2)):
        invoke("deadcheck", f"m{model}.onnx", "--data", f"x{part}.npy", "--save-state", f"s{model}{part}.npz")
    both = invoke("deadcheck", "s11.npz", "s12.npz", "--save-state", "s1.npz", "--format", "json").json
    shards = invoke("deadcheck", "m1.onnx", "--data", "x[12].npy", "--format", "json").json
    piped = (tmp_path / "x.npy").read_bytes()
    stdin = invoke("deadcheck", "m1.onnx", "--data", "-", "--format", "json", stdin=piped).json

    assert [one["samples"] for one in both["layers"]] == [len(x)] * len(both["layers"])
    counts = [
        [(one["counts"], one["samples"]) for one in document["layers"]] for document in (both, shards, stdin)
    ]
    assert counts[0] == counts[1] == counts[2]
    assert both["notes"] == []
    words = refused("deadcheck", "s1.npz", "s22.npz", kind=DataError)
    assert "two different models or epochs" in words


@pytest.mark.usefixtures("folder")
def test_statistics_of_arrays_that_may_be_of_the_same_inputs_get_a_note():
    for name, seed in (("first", 1), ("second", 2)):
        np.savez(f"{name}.npz", conv1=layer(samples=1350, seed=seed))
        invoke("deadcheck", f"{name}.npz", "--save-state", f"{name}_state.npz")
    merged = invoke("deadcheck", "first_state.npz", "second_state.npz", "--format", "json").json

    assert "2,700 samples of 1,350 inputs were merged" in merged["notes"][0]
    for at, name in ((0, "first"), (1350, "second")):
        invoke("deadcheck", f"{name}.npz", "--save-state", f"{name}_state.npz", "--start", at)
    assert invoke("deadcheck", "first_state.npz", "second_state.npz", "--format", "json").json["notes"] == []
