"""The words of `compare --by`, `--learn` and `--init`: those of articles, and wrong ones."""

import pytest
from invocation import refused

from actcli.commands.compare.options import CompareOptions
from actcli.commands.declaration import declared

(option,) = (one.declaration for one in declared(CompareOptions) if one.name == "by")


@pytest.mark.parametrize(
    ("word", "by"),
    [
        ("convergence", "training"),
        ("Generalisation", "training"),
        ("vanishing", "gradients"),
        ("saturation", "properties"),
        ("cost", "speed"),
        ("SPEED", "speed"),
    ],
)
def test_words_of_articles_name_a_measure(word, by):
    assert option.read(word) == by


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("dead", "actcli deadcheck --train relu"),
        ("dying", "actcli deadcheck --train relu"),
        ("dead-units", "actcli deadcheck --train relu"),
        ("vanish", "did you mean vanishing?"),
        ("trainig", "did you mean training?"),
        ("costs", "did you mean cost?"),
        ("looks", "--by 'looks' is not one of properties, values,"),
        ("", "--by '' is not one of"),
        ("training,speed", "is not one of"),
        ("relu", "is not one of"),
        ("0", "is not one of"),
        ("\x1b[2J", r"'\x1b[2J' is not one of"),
    ],
)
def test_other_words_are_answered_with_the_right_one(word, said):
    assert said in refused("compare", "relu", "gelu", "--by", word)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--learn none,alpha", "none goes alone"),
        ("--learn alpha,NONE", "none goes alone"),
        ("--learn none,none", "has none twice"),
        ("--learn ,", "lacks a value"),
        ("--learn beta", "none of the functions has such a parameter"),
        ("--learn 0.1", "none of the functions has such a parameter"),
        ("--learn all", "none of the functions has such a parameter"),
        ("--init usual,he", "networks are trained from one kind of weights"),
        ("--init customary", "is not known; choose from he, xavier, lecun, gain, orthogonal, usual"),
        ("--init Usual,", "lacks a value"),
        ("--init usual --weight-std 1", "--weight-std belongs to --by gradients"),
    ],
)
def test_wrong_parameters_and_weights_of_a_training(arguments, said):
    assert said in refused("compare", "relu", "prelu", "--by", "training", *arguments.split())
