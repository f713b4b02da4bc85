"""`deadcheck --stop-when-certain`: where the reading stops, and what is said then."""

import io

import numpy as np
import pytest
from invocation import invoke
from recorded_layers import layer

from actcli.commands.deadcheck.layer_rules import firing_rules


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def as_bytes(*arrays):
    """The arrays as `cat a.npy b.npy` gives them."""
    stream = io.BytesIO()
    for array in arrays:
        np.save(stream, array)
    return stream.getvalue()


def mostly_dead(samples=615):
    """184 units, of which 112 never fire."""
    z = np.random.default_rng(0).normal(size=(samples, 184)).astype(np.float32)
    z[:, :112] = -1
    return z


def stopped(stdin, *arguments):
    words = ("--recorded", "pre", "--stop-when-certain", "--format", "json")
    status, said = (run := invoke("deadcheck", "-", *words, *arguments, stdin=stdin)).status, run.json
    return status, said["layers"][0]["samples"], said["verdict"]["sentences"]


@pytest.mark.parametrize("cut", [None, 300, 7])
def test_it_stops_as_soon_as_the_limit_is_refuted(cut):
    """(184 - 9) 0.99^N <= 0.05 (112 - 9) from N = 351 on; it is looked at every 8 samples."""
    z = mostly_dead()
    status, samples, sentences = stopped(as_bytes(*np.split(z, [cut] if cut else [])), "--fail-above", "5%")
    assert (status, samples) == (3, 352)
    assert "chance does not explain" in sentences[0]


def test_one_stream_is_not_left_before_its_units_are_bounded():
    """Without a limit it takes ln(184/0.05) / -ln(0.99) = 816.9 samples, whatever the arrays hold."""
    z = mostly_dead(1000)
    _, samples, sentences = stopped(as_bytes(z[:400], z[400:]))
    assert samples == 824 - 824 % 8
    assert "bounded below 0.01" in sentences[0]
    _, samples, sentences = stopped(as_bytes(z[:400], z[400:800]))
    assert samples == 800
    assert "Stopped" not in sentences[0]


def test_the_clock_does_not_decide_where_it_stops():
    z = mostly_dead(5000)
    assert len({stopped(as_bytes(z), "--threads", threads)[1] for threads in (1, 2, 1, 2)}) == 1


def test_a_stop_in_one_layer_says_nothing_about_a_limit():
    """The long layer is cut where it suffices; the short one leaves the verdict open."""
    np.savez("net.npz", long=mostly_dead(3000)[:, :120], short=mostly_dead(20)[:, 100:120])
    err = invoke("deadcheck", "net.npz", "--recorded", "pre", "--stop-when-certain").err
    assert "Stopped before the end" in err
    assert "limit" not in err


def test_a_layer_of_which_enough_is_known_ends_and_the_others_go_on():
    from actcli.analysis.deadness.verdict import Settings
    from actcli.analysis.deadness.watching import LayerRecording, watch
    from actcli.commands.deadcheck.certainty import Certainty

    drawn = []

    def blocks(name, h):
        for start in range(0, len(h), 100):
            drawn.append(name)
            yield h[start : start + 100]

    # ln(40/0.05)/-ln(0.99) = 665.1, looked at every 6 samples; or as many as it takes to wake everybody
    layers = {"dead": layer(2000), "alive": layer(2000, dead=())}
    recordings = (LayerRecording(name, 20, 2000, 0, blocks(name, h)) for name, h in layers.items())
    certainty = Certainty(Settings(), None, 40)
    rule_of, _ = firing_rules((), "post")
    last, reached = None, []
    for step in watch(certainty.until(recordings), rule_of, 1, 0.0):
        last = step
        reached.append(certainty.reached(step))
    assert certainty.enough == {"dead", "alive"}
    assert reached[-1]
    assert not reached[0]
    assert {name: state.samples for name, state in last.states.items()} == {"dead": 666, "alive": 6}
    assert certainty.cut
