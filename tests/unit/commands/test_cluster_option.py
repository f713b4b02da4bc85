"""`--cluster` of networks: what is refused, in one line, before anything is trained."""

import sys

import pytest
from invocation import refused

TRAINING = ("compare", "relu", "tanh", "--by", "training")
GRADIENTS = ("compare", "relu", "--by", "gradients")
DYING = ("deadcheck", "--train", "relu")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((*TRAINING, "--cluster", "127.0.0.1:8786"), "tcp://HOST:PORT"),
        ((*TRAINING, "--cluster", "local:0"), "local:N"),
        ((*TRAINING, "--cluster", ""), "tcp://HOST:PORT"),
        ((*GRADIENTS, "--cluster", "http://127.0.0.1:8787"), "tcp://HOST:PORT"),
        ((*GRADIENTS, "--cluster", "tcp://a b:1"), "tcp://HOST:PORT"),
        ((*DYING, "--cluster", "local:x"), "local:N"),
        ((*DYING, "--find-limit", "--cluster", "local:-1"), "local:N"),
        (("compare", "relu", "tanh", "--cluster", "local"), "--by training"),
        (("compare", "relu", "--by", "speed", "--cluster", "local"), "--by training"),
        (("deadcheck", "--born-dead", "--cluster", "local"), "--cluster"),
        # what is wrong with the networks is said before a cluster is looked for
        ((*TRAINING, "--batch-norm", "--batch", "1", "--cluster", "tcp://127.0.0.1:9"), "--batch"),
        ((*GRADIENTS, "--weight-std", "1e200", "--cluster", "tcp://127.0.0.1:9"), "--weight-std"),
        ((*DYING, "--train", "relu", "--cluster", "tcp://127.0.0.1:9"), "twice"),
    ],
)
def test_what_is_no_cluster(arguments, words):
    assert words in refused(*arguments)


def test_the_variable_is_named_where_it_is_wrong():
    assert refused(*TRAINING, environ={"ACTCLI_CLUSTER": "somewhere"}).startswith(
        "ACTCLI_CLUSTER somewhere: "
    )


@pytest.mark.parametrize("command", [TRAINING, GRADIENTS, DYING])
def test_missing_packages_are_named(command, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert "pip install dask distributed" in refused(*command, "--cluster", "local")
