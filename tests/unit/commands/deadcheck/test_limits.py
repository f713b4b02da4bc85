"""`--fail-above` per layer and for all, `--fail-on`: what makes `actcli deadcheck` fail."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest
from invocation import invoke, refused
from recorded_layers import layer

from actcli.commands.deadcheck.limits import read_limits
from actcli.exits import UsageError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.savez("net.npz", conv1=layer(), conv2=layer(dead=(1,)), fc=layer(dead=()))


def check(*options):
    return invoke("deadcheck", "net.npz", *options)


@pytest.mark.parametrize(
    ("limits", "status"),
    [
        (["10%"], 0),
        (["1%"], 3),
        (["conv*=10%"], 0),
        (["conv*=5%"], 3),
        (["conv*=5%", "conv1=10%"], 0),
        (["conv1=10%", "conv*=5%"], 3),
        (["fc=0%"], 0),
        (["10%", "fc=0%"], 0),
        (["1%", "fc=0%"], 3),
        (["10%", "conv2=1%"], 3),
    ],
)
def test_limits_of_layers_and_of_all(limits, status):
    assert check(*(word for limit in limits for word in ("--fail-above", limit))).status == status


def test_sentences_name_the_layer_and_its_limit():
    said = check("--fail-above", "10%", "--fail-above", "conv*=5%", "--fail-above", "conv2=1%").err

    assert "layer conv1 is above the limit of 5 %: 10 % (2 of 20)" in said.replace("Layer", "layer")
    assert "conv2 is above the limit of 1 %" in said
    fine = check("--fail-above", "10%", "--fail-above", "conv2=6%").err
    assert "Layer conv2, and all units together, are within their limits." in fine


def test_json_has_every_limit():
    document = check("--fail-above", "10%", "--fail-above", "conv*=5%", "--format", "json").json["verdict"]

    assert document["limits"] == [{"pattern": None, "share": 0.1}, {"pattern": "conv*", "share": 0.05}]
    assert [(one["layer"], one["limit"], one["status"]) for one in document["layers"]] == [
        ("", 0.1, "fine"),
        ("conv1", 0.05, "found"),
        ("conv2", 0.05, "fine"),
    ]


def test_junit_fails_the_layer_and_not_the_rest():
    text = check("--fail-above", "10%", "--fail-above", "conv*=5%", "--format", "junit").out
    failing = {
        case.get("name"): case.find("failure") is not None
        for case in ET.fromstring(text).iter("testcase")  # noqa: S314 - our own output
    }

    assert failing == {"conv1": True, "conv2": False, "fc": False, "all units": False}


def test_more_limits_need_more_samples():
    """L limits are tested at alpha / L each."""
    values = layer(samples=280)
    np.savez("few.npz", **{f"l{i}": values for i in range(8)})

    def status(*options):
        return invoke("deadcheck", "few.npz", *options).status

    needed = [
        invoke("deadcheck", "few.npz", "--fail-above", limit, "--format", "json").json["verdict"]["layers"]
        for limit in ("l0=4%", "l*=4%")
    ]
    assert needed[0][0]["samples_needed"] < needed[1][0]["samples_needed"]
    assert status("--fail-above", "l0=4%") in {3, 4}


def test_layer_gives_the_bare_share_to_layers():
    assert check("--fail-above", "5%", "--layer", "conv*").status == 3
    assert check("--fail-above", "5%", "--layer", "fc", "--fail-above", "conv1=10%").status == 0


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        (("5",), "count or a percentage"),
        (("conv=",), "is not a share"),
        (("=5%",), "the layer before = is missing"),
        (("conv=5",), "count or a percentage"),
        (("conv=-1%",), "is not a share"),
        (("conv=101%",), "is not a share"),
        (("conv=nan",), "is not a share"),
        (("conv=5%%",), "is not a share"),
        (("5%", "3%"), "5% and 3%"),
        (("conv=5%,fc=3%",), "--fail-above"),
        (("",), "is not a share"),
    ],
)
def test_limits_that_are_none(texts, words):
    if texts == ("conv=5%,fc=3%",):
        # a comma belongs to the name
        assert read_limits(texts, None)[0].pattern == "conv=5%,fc"
        return
    with pytest.raises(UsageError, match="--fail-above") as error:
        read_limits(texts, None)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ("--fail-above nothing=5%", "no layer has that name"),
        ("--fail-above conv1=5% --layer fc", "--layer needs a --fail-above SHARE"),
        ("--layer fc", "--layer needs --fail-above"),
        ("--fail-on newly-dead", "needs --against OLD"),
        ("--fail-on unobserved", "belongs to models"),
        ("--fail-on nothing", "must be unobserved or newly-dead"),
        ("--fail-on", "needs WHAT"),
    ],
)
def test_wrong_use(options, words):
    assert words in refused("deadcheck", "net.npz", *options.split())


def test_shares_of_layers_are_not_for_searches():
    assert "--born-dead" in refused(
        "deadcheck", "--born-dead", "--width", "2", "--depth", "3", "--fail-above", "a=5%"
    )
    assert "--find-limit" in refused("deadcheck", "--train", "relu", "--find-limit", "--fail-above", "a=5%")


def test_newly_dead_units_fail_the_check():
    invoke("deadcheck", "net.npz", "--save-state", "old.npz")
    same = check("--against", "old.npz", "--fail-on", "newly-dead")
    np.savez("net.npz", conv1=layer(), conv2=layer(dead=(1,)), fc=layer(dead=(4,)))
    died = check("--against", "old.npz", "--fail-on", "newly-dead", "--fail-above", "50%", "--format", "json")
    junit = check("--against", "old.npz", "--fail-on", "newly-dead", "--format", "junit").out

    assert same.status == 0
    assert (died.status, died.json["verdict"]["status"]) == (3, "newly dead")
    assert "fail the check" in died.err
    assert junit.count('<failure type="newly dead"') == 1
