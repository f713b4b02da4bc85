"""The commands of the claims page are still understood: each once, with two networks and one epoch."""

import re
import shlex

import pytest
from study import CLAIMS


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_s_command_runs(actcli, name):
    words = shlex.split(re.sub(r" --(format|seeds|epochs) \S+", "", CLAIMS[name].command))[1:]
    done = actcli(*words, "--format", "table", "--seeds", "2", "--epochs", "1")
    assert done.status == 0
    assert "test accuracy" in done.out
