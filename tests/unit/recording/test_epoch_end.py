"""What every callback does at the end of an epoch."""

import numpy as np
import pytest

from actcli import Recorder
from actcli.exits import UsageError
from actcli.recording.epoch_end import EpochEnd
from actcli.recording.epoch_report import DeadUnitsError
from actcli.sources.optional import require_library


def recorder(dead=3):
    recorder = Recorder()
    h = np.abs(np.random.default_rng(0).normal(size=(1000, 6)))
    h[:, :dead] = 0
    recorder.add("fc", h)
    return recorder


def test_the_report_is_shown_logged_and_saved_before_the_limit_fails(tmp_path):
    shown, logged, path = [], [], tmp_path / "run.npz"
    with pytest.raises(DeadUnitsError):
        EpochEnd(0.1, path, shown.append).finish(recorder(), 7, logged.append)
    assert [report.number for report in shown] == [7]
    assert logged[0]["dead/fc"] == 0.5
    assert path.exists()


def test_without_options_it_prints(capsys):
    EpochEnd().finish(recorder(), 1, lambda _: None)
    assert "3 of 6 units" in capsys.readouterr().out


def test_nothing_is_printed_where_that_is_asked_for(capsys):
    EpochEnd(show=None).finish(recorder(), 1, lambda _: None)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("limit", [5, -0.1, float("nan"), "5%", True])
def test_a_limit_is_a_share(limit):
    with pytest.raises(UsageError, match="fail_above"):
        EpochEnd(limit)


def test_a_path_is_checked_before_the_training():
    with pytest.raises(UsageError, match=r"run\.txt.*\.npz"):
        EpochEnd(path="run.txt")


def test_a_library_that_is_missing_is_named_with_the_command_that_helps():
    require_library("numpy", "actcli.keras")
    with pytest.raises(ImportError, match=r"actcli\.keras needs no_such_library: pip install"):
        require_library("no_such_library", "actcli.keras")
