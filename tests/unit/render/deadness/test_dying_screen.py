"""Units that died in training, as they are shown: sentences, tables that fit, lines, JSON; models that are written."""

import io
import json
from dataclasses import replace

import numpy as np
import pytest

from actcli.activations import activation
from actcli.analysis.deadness.born_dead import BornDead
from actcli.analysis.deadness.report import make_report
from actcli.analysis.deadness.verdict import Settings
from actcli.analysis.training.dataset import toy
from actcli.analysis.training.dying import TrainedCourses
from actcli.analysis.training.fates import Course, Fate, Threshold
from actcli.analysis.training.plan import TrainingPlan
from actcli.analysis.training.stack import parse_stack
from actcli.analysis.training.trial import Trial
from actcli.exits import UsageError
from actcli.render.deadness.born_dead import born_dead_sentence, write_born_dead
from actcli.render.deadness.dying_records import EPOCH_COLUMNS, LIMIT_COLUMNS, Deaths
from actcli.render.deadness.dying_screen import death_sentences, dying_screen, epochs_shown, write_deaths
from actcli.render.deadness.dying_sentences import training_sentence
from actcli.render.deadness.findings import Findings, View
from actcli.render.output.layout import Layout
from actcli.render.output.surface import Surface
from actcli.render.text.notation import in_ascii
from actcli.render.training.export import TrainedNetwork, require_form, write_network, write_samples
from actcli.terminal import Terminal

TRIAL = Trial(plan=TrainingPlan(epochs=2), width=32, depths=(2,), rates=(0.1, 1.0), seeds=4)
DYING = TrainedCourses(TRIAL, toy("moons", 0), ())


def a_fate(spec="relu", rate=0.1, shares=(0.0, 0.1, 0.25), diverged=0, died=1.5, depth=2, interval=np.nan):
    dead = np.array(shares)
    gone = np.array([0.0, 0.0, diverged / 4])
    none = np.zeros(3)
    return Fate(
        course=Course(parse_stack(spec), depth, rate), networks=4, units=256,
        dead=dead, rare=none, saturated=none, gone=gone, dead_interval=np.array([np.nan, 0.0, interval]),
        deaths=np.array([0, 30, 40]), revivals=np.array([0, 0, 6]), layers=np.array([0.0, 2 * dead[-1]]), died=died,
        test_score=np.array([0.1, 0.5, 0.75]), interval=0.02, diverged=diverged,
        born_dead=dead[0], lost=dead[-1] if diverged < 4 else np.nan,
    )  # fmt: skip


def a_threshold(within=0.5, above=0.54, survival="dies", again=(), born=0.0):
    return Threshold(parse_stack("relu"), 2, within, above, survival, again, 0.04, 0.2, 0.04, 0.2, born)


def deaths(*fates, thresholds=(), courses=DYING):
    notes = training_sentence(courses, fates, thresholds)
    return Deaths(Findings(make_report((), Settings(), notes=notes)), courses, fates, thresholds)


def terminal(*, tty=False):
    return Terminal(None, io.BytesIO(), None, stdout_is_tty=tty)


def surface(width=80, *, unicode=True):
    return Surface(width, unicode=unicode, color=False, encoding="utf-8", live=False)


def test_the_sentence_of_a_function():
    alive = a_fate(rate=0.01, shares=(0, 0, 0), died=None)
    gone = a_fate(rate=10.0, shares=(0, 0, 0), died=None, diverged=4)
    (sentence,) = training_sentence(DYING, (alive, a_fate(), a_fate(rate=1.0, diverged=1), gone), ())
    assert sentence == (
        "Dead units after 2 epochs: relu 0 % at lr 0.01, 25 % at lr 0.1, "
        "25 % (1 of 4 networks diverged) at lr 1, all networks diverged at lr 10."
    )


def test_the_dead_share_has_its_interval():
    fates = (a_fate(interval=0.0312), a_fate(rate=1.0, interval=0.0))
    (sentence,) = training_sentence(DYING, fates, ())
    assert sentence == "Dead units after 2 epochs: relu 25 ± 3 % at lr 0.1, 25 % at lr 1."


def test_one_sentence_for_several_functions():
    alive = a_fate("tanh", shares=(0, 0, 0), died=None)
    assert training_sentence(DYING, (alive,), ()) == ("No unit is dead after 2 epochs.",)
    assert training_sentence(DYING, (a_fate(), alive), ()) == (
        "Dead units after 2 epochs: relu 25 %; tanh 0 %.",
    )
    alike = [a_fate(rate=rate) for rate in (0.1, 1.0)]
    (sentence,) = training_sentence(
        DYING, (*alike, a_fate("tanh"), a_fate("tanh", rate=1.0), a_fate("tanh", 9.0, (0, 0, 0))), ()
    )
    assert "relu 25 % at every rate; tanh 25 % at lr 0.1 and 1, 0 % at lr 9." in sentence
    many = [a_fate(f"leaky_relu:0.{i}", shares=(0, 0, i / 10)) for i in range(1, 9)]
    (sentence,) = training_sentence(DYING, many, ())
    assert "leaky_relu:0.8 80 %" in sentence
    assert "leaky_relu:0.1" not in sentence
    assert sentence.endswith("2 more functions have fewer.")


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            a_threshold(),
            "relu dies above lr 0.5 (4 % died there, 20 % died at lr 0.54); the limit is 5 %.",
        ),
        (
            a_threshold(within=None),
            "relu dies at every rate tried, down to lr 0.54 (20 % died)",
        ),
        (
            a_threshold(above=None, survival="lives"),
            "relu does not die at any rate tried, up to lr 0.5 (4 % died)",
        ),
        (
            a_threshold(survival="diverges"),
            "relu does not die up to lr 0.5 (4 % died), and most networks diverge at lr 0.54",
        ),
        (a_threshold(within=None, survival="diverges"), "relu diverges at every rate tried"),
        (a_threshold(again=(2.0,)), "within the limit again at lr 2; the limit is 5 %."),
    ],
)
def test_the_sentence_of_a_search(found, said):
    (sentence,) = training_sentence(replace(DYING, limit=0.05), (), (found,))
    assert said in sentence


def test_units_born_dead_are_a_sentence_of_their_own():
    found = a_threshold(born=0.0414)
    search, born = training_sentence(replace(DYING, limit=0.05), (), (found,))
    assert "4.14" not in search
    assert "before training" in born
    assert "4.14 % of relu" in born


@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("unicode", [True, False])
def test_the_screen_fits(width, unicode):
    fates = [a_fate(spec, rate) for spec in ("relu", "leaky_relu:0.1") for rate in (0.01, 0.1, 1.0)]
    screen = dying_screen(deaths(*fates), View(), surface(width, unicode=unicode))
    assert max(map(len, screen.splitlines())) <= width
    assert unicode or screen.isascii()
    assert "dead units, % by epoch" in screen
    assert all(line == line.rstrip() for line in screen.splitlines())


def test_the_table_by_epoch_stands_side_by_side():
    fates = a_fate(), a_fate("leaky_relu", 0.1, (0, 0, 0), died=None)
    lines = dying_screen(deaths(*fates), View(), surface()).splitlines()
    at = lines.index("Dead units after each epoch, %")
    assert lines[at + 1].split() == ["relu", "leaky_relu"]
    assert lines[at + 2].split() == ["epoch", "lr", "0.1", "lr", "0.1"]
    assert [line.split() for line in lines[at + 4 : at + 7]] == [
        ["0", "0", "0"],
        ["1", "10", "0"],
        ["2", "25", "0"],
    ]


def test_where_all_networks_diverged_nothing_is_called_dead():
    screen = dying_screen(deaths(a_fate(shares=(0, 0, 0), died=None, diverged=4)), View(), surface())
    (row,) = [line for line in screen.splitlines() if line.startswith("relu ")]
    assert row.split()[:3] == ["relu", "0.1", "–"]
    assert "4 of 4" in row


def test_the_chart_ends_where_no_network_is_left():
    """A share of 0 would say that the units had come back to life."""
    gone = a_fate(rate=1.0, shares=(0.0, 0.4, 0.0), died=None, diverged=4)
    text = dying_screen(deaths(gone), View(), surface())
    drawn = [line for line in text.splitlines() if line.startswith(("40┤", "20┤", " 0┼", "  │"))]
    assert "dead units, % by epoch" in text
    right_half = [line[40:60] for line in drawn if not line.startswith(" 0┼")]
    assert right_half
    assert not any(part.strip() for part in right_half)


@pytest.mark.parametrize("width", [80, 120])
def test_a_search_whose_highest_rates_diverge_is_drawn(width):
    fates = (
        a_fate(rate=0.1, shares=(0, 0, 0), died=None),
        a_fate(rate=1.0),
        a_fate(rate=10.0, shares=(0, 0, 0), died=None, diverged=4),
    )
    found = Threshold(parse_stack("relu"), 2, 0.1, 1.0, "dies", (), 0.0, 0.25, 0.0, 0.25, 0.0)
    text = dying_screen(deaths(*fates, thresholds=(found,)), View(), surface(width))
    assert "units that died, % by log10 of lr" in text
    none = [replace(one, diverged=4, lost=np.nan, gone=np.array([0.0, 0.0, 1.0])) for one in fates]
    every = replace(found, within=None, survival="diverges", within_share=None, above_share=None)
    assert "by log10 of lr" not in dying_screen(deaths(*none, thresholds=(every,)), View(), surface(width))


@pytest.mark.parametrize(("last", "shown"), [(0, [0]), (3, [0, 1, 2, 3]), (20, [0, 1, 2, 4, 6, 8, 13, 20])])
def test_the_epochs_of_the_table(last, shown):
    assert epochs_shown(last) == shown


def written(found, form, view=None):
    out = terminal()
    write_deaths(found, view or View(), Layout(form, None), out)
    return out.stdout.getvalue().decode()


def test_a_search_that_is_interrupted_says_so_and_adds_up_no_rates():
    searching = replace(DYING, limit=0.05)
    found = deaths(a_fate(), thresholds=(a_threshold(),), courses=searching)
    found = replace(found, findings=replace(found.findings, complete=False, trained=True))
    assert death_sentences(found) == [
        "Interrupted: this is about the epochs trained so far.",
        *found.findings.report.notes,
    ]
    assert death_sentences(found)[1].startswith("relu dies above lr 0.5")


def test_a_line_an_epoch():
    lines = [line.split("\t") for line in written(deaths(a_fate()), "plain").splitlines()]
    assert tuple(lines[0]) == EPOCH_COLUMNS
    assert [line[3] for line in lines[1:]] == ["0", "1", "2"]
    assert dict(zip(EPOCH_COLUMNS, lines[3], strict=True)) | {"deaths": "40", "dead_share": "0.25"} == dict(
        zip(EPOCH_COLUMNS, lines[3], strict=True)
    )


def test_a_line_a_search():
    found = deaths(a_fate(), thresholds=(a_threshold(),), courses=replace(DYING, limit=0.05))
    head, line = written(found, "csv").splitlines()
    assert head == ",".join(LIMIT_COLUMNS)
    assert line == "relu,2,0.5,0.54,dies,0.04,0.2,0.04,0.2,0.0"


def test_json_has_the_training_beside_the_units():
    found = json.loads(written(deaths(a_fate(diverged=1)), "json"))
    assert {"layers", "verdict", "training"} <= found.keys()
    (course,) = found["training"]["courses"]
    assert course["dead_share_by_layer"] == [0.0, 0.5]
    assert course["median_epoch_of_death"] == 1.5
    assert [row["dead_share"] for row in course["epochs"]] == [0.0, 0.1, 0.25]
    assert course["diverged"] == 1


def test_arrays_cannot_hold_it():
    with pytest.raises(UsageError, match="report of dead units"):
        written(deaths(a_fate()), "npy")


RISK = BornDead(2, 9, 0.92491531372070312, 0.93, 10_000, 0.05, 8)


def test_born_dead_for_a_person_and_for_a_pipe():
    out = terminal(tty=True)
    write_born_dead([RISK], Layout("table", None), out)
    page = in_ascii(out.stdout.getvalue().decode())
    assert "0.9249" in page
    assert "0.930 +- 0.005" in page
    assert "9 hidden layers of 2 units" in page
    assert "8 units per layer keep it within 5 %" in " ".join(page.split())
    out = terminal()
    write_born_dead([RISK], Layout("plain", None), out)
    head, line = out.stdout.getvalue().decode().splitlines()
    assert dict(zip(head.split("\t"), line.split("\t"), strict=True))["width_needed"] == "8"


def test_the_sentence_about_several_depths():
    deeper = replace(RISK, depth=20, risk=0.997, width_needed=9)
    sentence = born_dead_sentence([RISK, deeper])
    assert "0.925 for 9 hidden layers and 0.997 for 20" in sentence
    assert sentence.endswith("9 units per layer keep all within 5 %.")


def test_born_dead_has_no_junit():
    with pytest.raises(UsageError, match="junit"):
        write_born_dead([RISK], Layout("junit", None), terminal())


def a_network(spec, dtype=np.float32):
    rng = np.random.default_rng(0)
    shapes = (3, 5), (5, 4), (4, 2)
    weights = [rng.normal(size=shape).astype(dtype) for shape in shapes]
    return TrainedNetwork(
        weights, [rng.normal(size=w.shape[1]).astype(dtype) for w in weights], [activation(spec)] * 2
    )


def outputs(network, x):
    """The network, plainly."""
    for weights, biases, f in zip(network.weights, network.biases, (*network.functions, None), strict=True):
        x = x @ weights + biases
        x = x if f is None else f(x)
    return x


WRITABLE = (
    "relu", "leaky_relu:0.3", "prelu:0.1", "relu6", "hard_tanh:min=-2,max=0.5", "relu_squared", "thresholded_relu:0.7",
    "elu:0.5", "celu:2", "selu", "sigmoid", "tanh", "softsign", "softplus", "hard_sigmoid",
    "onnx.hard_sigmoid:alpha=0.3,beta=0.4", "hard_swish", "silu", "silu:beta=2", "quick_gelu",
    "gelu", "gelu_tanh", "mish",
)  # fmt: skip


@pytest.mark.parametrize("spec", WRITABLE)
def test_a_model_computes_what_the_network_does(spec, tmp_path):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    network, path = a_network(spec), str(tmp_path / "net.onnx")
    write_network(network, path)
    x = np.random.default_rng(1).normal(size=(50, 3)).astype(np.float32)
    (y,) = runtime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(None, {"x": x})
    assert y == pytest.approx(outputs(network, x), rel=1e-4, abs=1e-5)


def test_the_same_network_is_the_same_file(tmp_path):
    pytest.importorskip("onnx")
    for form in ("onnx", "npz"):
        one, two = str(tmp_path / f"1.{form}"), str(tmp_path / f"2.{form}")
        write_network(a_network("gelu"), one)
        write_network(a_network("gelu"), two)
        with open(one, "rb") as a, open(two, "rb") as b:  # noqa: PTH123
            assert a.read() == b.read()


def test_weights_as_an_archive(tmp_path):
    network, path = a_network("leaky_relu:0.3"), str(tmp_path / "net.npz")
    write_network(network, path)
    with np.load(path, allow_pickle=False) as archive:
        assert archive["functions"].tolist() == ["leaky_relu:alpha=0.3"] * 2
        assert np.array_equal(archive["weights2"], network.weights[1])
        assert np.array_equal(archive["bias3"], network.biases[2])
    assert float(activation("leaky_relu:alpha=0.3")(-1.0)) == -0.3


def test_samples_as_the_networks_take_them(tmp_path):
    path = str(tmp_path / "x.npy")
    write_samples(DYING.data.test_x, path)
    found = np.load(path, allow_pickle=False)
    assert found.dtype == np.float32
    assert np.array_equal(found, DYING.data.test_x.astype(np.float32))


@pytest.mark.parametrize(
    ("path", "spec", "said"),
    [
        ("net.pt", "relu", ".onnx or .npz"),
        ("net", "relu", ".onnx or .npz"),
        ("net.onnx", "snake", "no operator for snake"),
        ("net.onnx", "softplus:beta=2", "no operator for softplus"),
    ],
)
def test_what_a_file_cannot_hold(path, spec, said):
    with pytest.raises(UsageError, match=said):
        require_form(path, [activation(spec)])
