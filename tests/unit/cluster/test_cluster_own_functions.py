"""Own functions of several people in one worker process."""

from threading import Event, Thread

import pytest

from actcli.activations import activation
from actcli.activations.personal import Entry
from actcli.cluster.own_functions import OwnFunctions
from actcli.exits import UsageError


@pytest.fixture
def functions():
    functions = OwnFunctions()
    yield functions
    with functions.defined((Entry("nobody", "f.toml", "x"),)):
        pass
    with functions.defined(()):
        pass


def one(factor):
    return (Entry("mine", "f.toml", f"{factor}*x"),)


def test_a_name_means_what_its_owner_says(functions):
    for factor in (2, 3, 2):
        with functions.defined(one(factor)):
            assert activation("mine")(1.0) == factor
    with functions.defined(()), pytest.raises(UsageError, match="mine"):
        activation("mine")


def test_threads_with_the_same_functions_work_side_by_side_and_others_wait(functions):
    inside, leave, seen = Event(), Event(), []

    def work(factor):
        with functions.defined(one(factor)):
            seen.append(activation("mine")(1.0))
            inside.set()
            leave.wait(10)

    first, same, other = (Thread(target=work, args=(factor,)) for factor in (2, 2, 3))
    first.start()
    assert inside.wait(10)
    inside.clear()
    same.start()
    assert inside.wait(10)
    inside.clear()
    other.start()
    assert not inside.wait(0.05)
    leave.set()
    for thread in (first, same, other):
        thread.join(10)
    assert seen == [2, 2, 3]
