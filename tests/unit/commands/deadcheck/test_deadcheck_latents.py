"""Densities, windows, experts and gamma: what people ask of sparse autoencoders and routers."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from invocation import invoke, refused

from actcli.exits import ActcliError

RNG = np.random.default_rng(0)
SAMPLES, UNITS = 2000, 12
RATES = np.array([0, 0.0005, 0.001, 0.004, 0.01, 0.03, 0.1, 0.2, 0.3, 0.5, 0.9, 1])
FIRED = np.array([np.arange(SAMPLES) < round(rate * SAMPLES) for rate in RATES]).T
H = FIRED * RNG.exponential(size=(SAMPLES, UNITS)).astype(np.float32)


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("sae.npy", H)


def flagged(*arguments):
    return invoke("deadcheck", *arguments, "--format", "json").json["layers"][0]["flagged"]


def test_units_that_have_not_fired_in_the_last_samples():
    assert flagged("sae.npy", "--window", "1000") == list(range(10))
    assert flagged("sae.npy", "--window", "1.001k") == list(range(9))
    assert flagged("sae.npy", "--definition", "dictionary-learning", "--window", "1k") == list(range(10))
    assert flagged("sae.npy", "--definition", "saelens", "--window", "1k") == list(range(9))


def test_a_window_of_more_samples_than_there_are_says_so():
    outcome = invoke("deadcheck", "sae.npy", "--window", "10M", "--fail-above", "5%")
    assert "2,000 samples are fewer than the window of 10,000,000" in outcome.err
    assert "p < 1.5e-3" in outcome.err
    assert outcome.status == 4


def test_units_below_a_density():
    assert flagged("sae.npy", "--definition", "density", "--density-below", "0.004") == [0, 1, 2]
    outcome = invoke("deadcheck", "sae.npy", "--definition", "density", "--density-below", "1e-6")
    assert "density flags 1 of 12 units" in outcome.err
    assert "2,000 samples say of a silent unit only p < 1.5e-3; p < 1e-6 takes 2,995,731" in outcome.err


def test_densities_of_all_units_as_lines():
    invoke("deadcheck", "sae.npy", "--densities", "d.csv", "--window", "1500")
    with Path("d.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "layer",
        "unit",
        "class",
        "firings",
        "samples",
        "density",
        "log10_density",
        "bound",
        "since",
        "flagged",
    ]
    assert [int(row["firings"]) for row in rows] == FIRED.sum(axis=0).tolist()
    assert [float(row["density"]) for row in rows] == FIRED.mean(axis=0).tolist()
    assert (rows[0]["log10_density"], rows[0]["since"], rows[0]["flagged"]) == ("", "2000", "yes")
    assert (float(rows[4]["log10_density"]), rows[4]["since"]) == (-2, "1980")
    assert float(rows[0]["bound"]) == pytest.approx(1 - 0.05 ** (1 / 2000))


def test_densities_as_arrays_and_json():
    np.savez("two.npz", a=H, b=H[:, :3])
    invoke("deadcheck", "sae.npy", "--densities", "d.npy")
    invoke("deadcheck", "two.npz", "--densities", "d.npz")
    invoke("deadcheck", "two.npz", "--densities", "d.json", "--dead-units", "dead.npz")
    assert np.load("d.npy").tolist() == FIRED.mean(axis=0).tolist()
    with np.load("d.npz") as both, np.load("dead.npz") as dead:
        assert {name: both[name].size for name in both} == {"a": 12, "b": 3}
        assert {name: dead[name].tolist() for name in dead} == {"a": [0], "b": [0]}
    first, second = json.loads(Path("d.json").read_text())["layers"]
    assert (first["never"], [one["units"] for one in first["decades"]]) == (1, [1, 2, 2, 6])
    assert second["density"] == FIRED.mean(axis=0)[:3].tolist()
    assert (second["use"]["unvisited"], second["since"][0]) == (1, 2000)


def test_the_latents_to_resurrect():
    invoke("deadcheck", "sae.npy", "--dead-units", "dead.npy")
    assert np.load("dead.npy").tolist() == [0]
    invoke("deadcheck", "sae.npy", "--dead-units", "dead.npy", "--window", "1k")
    assert np.load("dead.npy").tolist() == list(range(10))
    assert np.load("dead.npy").dtype == np.int64


def test_densities_by_powers_of_ten():
    page = invoke("deadcheck", "sae.npy", "--decades", "--format", "table").out
    lines = page.splitlines()
    head = next(place for place, line in enumerate(lines) if line.startswith("layer  never"))
    assert lines[head].split() == ["layer", "never", "at", "95", "%", "1e-4", "1e-3", "1e-2", "1e-1"]
    assert lines[head + 2].split() == ["sae", "1", "p", "<", "1.5e-3", "1", "2", "2", "6"]
    assert "50 %" not in page
    narrow = invoke("deadcheck", "sae.npy", "--decades", "--format", "table", encoding="ascii").out
    assert narrow.isascii()


def test_sparse_records_show_powers_of_ten_by_themselves():
    np.savez("topk.npz", idx=np.argsort(RNG.random((500, 20)))[:, :3])
    page = invoke("deadcheck", "topk.npz", "--sparse", "indices=idx,units=25", "--format", "table").out
    assert "by powers of ten" in page


def test_experts_are_used_more_or_less_evenly():
    ids = np.r_[np.zeros(600), np.ones(300), np.full(100, 2)].astype(np.int64)[:, np.newaxis]
    np.savez("router.npz", even=np.arange(1000)[:, np.newaxis] % 4, uneven=ids)
    specs = ("--sparse", "indices=even,units=4", "--sparse", "indices=uneven,units=4")
    page = invoke("deadcheck", "router.npz", *specs, "--experts", "--until", "10", "--format", "table").out
    rows = {line.split()[0]: line.split() for line in page.split("How evenly")[1].splitlines()[3:5]}
    assert rows["even"][:6] == ["even", "4", "0", "25", "25", "1"]
    assert int(rows["even"][7]) in range(70, 110)
    assert rows["uneven"][1:5] == ["4", "1", "p", "<"]
    assert rows["uneven"][6:9] == ["10", "60", "2.4"]
    assert rows["uneven"][-2] == "≥"
    invoke("deadcheck", "router.npz", *specs, "--until", "10", "--densities", "d.json")
    even, uneven = json.loads(Path("d.json").read_text())["layers"]
    assert str(even["until"]["samples"]) == rows["even"][7]
    assert uneven["until"]["samples"] > even["until"]["samples"]


def test_the_samples_until_each_expert_has_some():
    assert invoke("deadcheck", "--plan", "64", "--until", "1", "--rare", "0.01").out == "712\n"
    assert invoke("deadcheck", "--plan", "64", "--rare", "0.01").out == "712\n"
    record = invoke("deadcheck", "--plan", "64", "--until", "100", "--rare", "0.03", "--format", "json").json
    assert (record["firings"], record["samples"]) == (100, 4471)


def test_gamma_names_the_layers_to_centre():
    rest = RNG.normal(size=(400, 50)).astype(np.float32)
    np.savez("resid.npz", early=rest, late=rest + 100 * np.eye(50)[0], middle=rest + 2)
    outcome = invoke("deadcheck", "resid.npz", "--gamma")
    gamma = {row[0]: (float(row[5]), row[-1]) for row in outcome.rows}
    assert gamma["early"][1] == "no"
    assert gamma["late"] == (pytest.approx(100 / np.linalg.norm(rest.std(axis=0)), rel=0.01), "yes")
    assert "Centre these 2 layers: late, middle." in outcome.err
    assert invoke("deadcheck", "resid.npz", "--gamma", "-o", "g.json").status == 0
    assert json.loads(Path("g.json").read_text())["layers"][1]["largest_unit"] == 0
    page = invoke("deadcheck", "early=resid.npz", "--gamma", "--format", "table", stdout_is_tty=True)
    assert "No layer needs centring" in page.out
    invoke("deadcheck", "resid.npz", "--recorded", "pre", "--save-state", "s.npz")
    assert invoke("deadcheck", "s.npz", "--gamma").rows == outcome.rows


BAD = {
    "sae.npy --window 0": "--window",
    "sae.npy --window 10X": "not a count",
    "sae.npy --window 1.5": "not a count",
    "sae.npy --window 1e6": "not a count",
    "sae.npy --window 5 --definition redo": "--window",
    "sae.npy --density-below 1e-6": "--definition",
    "sae.npy --definition density": "--density-below",
    "sae.npy --definition saelens --density-below 1e-6": "--density-below",
    "sae.npy --definition density --density-below 2": "--density-below",
    "sae.npy --densities d.txt": "ends in .csv, .tsv, .json, .npy, .npz",
    "sae.npy --dead-units d.csv": "ends in .npy, .npz",
    "sae.npy --densities sae.npy": "would be overwritten",
    "sae.npy --densities d.npy --dead-units d.npy": "two options name",
    "two.npz --dead-units d.npy": "there are 2 layers; name an .npz",
    "sae.npy --decades --format json": "--decades needs --format table",
    "sae.npy --experts --format csv": "--densities FILE",
    "sae.npy --until 0": "--until",
    "sae.npy --gamma --units": "--gamma",
    "sae.npy --gamma --fail-above 5%": "--fail-above",
    "sae.npy --gamma --format junit": "--gamma has no junit",
    "--plan 5 --window 5": "--window",
    "sae.npy --window 5 --stop-when-certain": "--stop-when-certain",
    "--train relu --find-limit --window 5": "--find-limit",
    "--train relu --densities d.csv": "--densities",
}


@pytest.mark.parametrize("line", BAD)
def test_what_does_not_go(line):
    np.savez("two.npz", a=H, b=H)
    assert BAD[line] in refused("deadcheck", *line.split(), kind=ActcliError)


def test_the_table_of_experts_fits_where_names_are_long():
    experts = np.eye(4)[np.arange(300) % 3]
    np.savez("many.npz", **{f"model.layers.{n}.mixture.experts.router": experts for n in range(3)})

    page = invoke("deadcheck", "many.npz", "--experts", "--until", "10", "--format", "table").out
    table = page.split("How evenly the units are used")[1]
    assert max(map(len, table.splitlines())) <= 80
