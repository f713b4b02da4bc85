"""Data classes without compiled methods, compared with those of the standard library."""

import copy
import dataclasses
import pickle
from dataclasses import FrozenInstanceError, asdict, field, fields, replace

import pytest

from actcli.dataclass import MANY, without_compiling


def both(**options):
    """The same classes made by either decorator."""
    made = []
    for decorator in (without_compiling, dataclasses.dataclass):

        @decorator(**options)
        class Base:
            a: int
            b: tuple[int, ...] = ()
            c: list[int] = field(default_factory=list)
            d: float = field(default=0.5, compare=False, repr=False)

        @decorator(**options)
        class Point(Base):
            e: str = "e"

            def double(self):
                return 2 * self.a

        made.append(Point)
    return made


OPTIONS = [
    {},
    {"frozen": True},
    {"slots": True},
    {"frozen": True, "slots": True},
    {"eq": False, "frozen": True},
]
CALLS = [
    ((1,), {}),
    ((1, (2,)), {"e": "x"}),
    ((), {"a": 1, "c": [3], "d": 9.0}),
    ((1, (2,), [3], 4.0, "f"), {}),
]


@pytest.mark.parametrize("before", [0, MANY])
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize(("arguments", "named"), CALLS)
def test_instances_are_those_of_the_standard_library(options, arguments, named, before):
    classes = both(**options)
    initializer = classes[0].__init__
    for _ in range(before):
        classes[0](5)
    assert (classes[0].__init__ is initializer) == (before < MANY)
    ours, theirs = (cls(*arguments, **named) for cls in classes)
    assert repr(ours) == repr(theirs)
    assert asdict(ours) == asdict(theirs)
    assert ours.double() == theirs.double()
    assert type(ours).__match_args__ == type(theirs).__match_args__
    assert [f.name for f in fields(ours)] == [f.name for f in fields(theirs)]
    for instance in (ours, theirs):
        same, other = replace(instance, d=7.0), replace(instance, a=8)
        compared = options.get("eq", True)
        assert (same == instance, other == instance, instance == 1) == (compared, False, False)
        assert not hasattr(instance, "__dict__") or not options.get("slots")


@pytest.mark.parametrize("options", [{"frozen": True}, {"frozen": True, "slots": True}])
def test_a_frozen_instance_is_hashed_by_what_is_compared_and_cannot_be_changed(options):
    for cls in both(**options):
        assert hash(cls(1, (2,), (3,), 4.0)) == hash(cls(1, (2,), (3,), 5.0))
        with pytest.raises(FrozenInstanceError, match="field 'a'"):
            cls(1).a = 2
        with pytest.raises(FrozenInstanceError, match="field 'a'"):
            del cls(1).a
    assert all(cls.__hash__ is None for cls in both(slots=True))


@pytest.mark.parametrize(
    ("arguments", "named", "words"),
    [
        ((), {}, "lacks a"),
        ((), {"b": ()}, "lacks a"),
        ((1, 2, 3, 4, 5, 6), {}, "takes 5 arguments by position, not 6"),
        ((1,), {"a": 2}, "got a twice"),
        ((1,), {"z": 2}, "no field z"),
        ((), {"z": 2}, "no field z"),
    ],
)
def test_wrong_arguments_are_type_errors(arguments, named, words):
    for cls, pattern in zip(both(frozen=True, slots=True), (words, "argument"), strict=True):
        with pytest.raises(TypeError, match=pattern):
            cls(*arguments, **named)


def test_keyword_only_fields_are_not_taken_by_position():
    for cls in both(kw_only=True):
        assert cls(a=1).a == 1
        with pytest.raises(TypeError):
            cls(1)


@without_compiling(frozen=True, slots=True)
class Kept:
    """A class that can be pickled."""

    a: int
    doubled: list[int] = field(default_factory=list)

    def __post_init__(self):
        self.doubled.append(2 * self.a)


def test_copies_and_pickles_are_equal_and_skip_the_initializer():
    for number in range(MANY + 1):
        kept = Kept(number)
        assert kept.doubled == [2 * number]
    assert copy.copy(kept) == copy.deepcopy(kept) == pickle.loads(pickle.dumps(kept)) == kept  # noqa: S301


def test_a_method_of_the_class_is_kept():
    @without_compiling(frozen=True)
    class Named:
        name: str

        def __repr__(self):
            return self.name

        def __eq__(self, other):
            return True

        def __hash__(self):
            return 5

    assert (repr(Named("n")), Named("a") == Named("b"), hash(Named("a"))) == ("n", True, 5)
