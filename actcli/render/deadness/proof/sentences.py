"""A proof in sentences: the answer first, then how it came about, what it leaves open, and when it holds."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from actcli.analysis.deadness.verdict import LayerVerdict, Unobserved
from actcli.render.deadness.wording import list_names, percent
from actcli.render.text.notation import number, quantity, thousands
from actcli.terminal import printable

if TYPE_CHECKING:
    from actcli.analysis.proof.prove import Proof
    from actcli.analysis.proof.waking import Wake

_FEW, _SHORT = 3, 12
"""Inputs that are told in a sentence, and the numbers that one of them may have to be written out."""
ASSUMPTIONS = (
    "This holds for IEEE float32 in any order of summation, with or without fused multiply-add, for samples that the "
    "model computes independently of each other; not for Winograd convolutions, TF32, float16 kernels or flush-to-zero."
)


def proof_sentences(
    proof: "Proof", unobserved: Sequence[Unobserved] = (), layers: Sequence[LayerVerdict] = ()
) -> list[str]:
    """Return the sentences of a proof; layers: the verdicts on data, where there are such."""
    units = proof.units
    if not units:
        return ["No layer has units of which anything could be proved."]
    return [
        _answer(proof),
        *_beside_data(proof, layers),
        _method(proof),
        *_ends(proof),
        *_unobserved(unobserved if not layers else ()),
        ASSUMPTIONS,
    ]


def box_in_words(proof: "Proof") -> str:
    """Return the box of a proof in words."""
    if proof.box == "data":
        return "on the smallest box around the data"
    low, colon, high = proof.box.partition(":")
    if colon and not proof.box.lower().endswith(".npz"):
        return f"on all inputs with numbers from {low} to {high}"
    return f"on the box of {printable(proof.box)}"


def _answer(proof: "Proof") -> str:
    dead = sum(int(layer.proved_dead.sum()) for layer in proof.layers)
    constant = sum(int(layer.proved_constant.sum()) for layer in proof.layers)
    active = sum(int(layer.proved_active.sum()) for layer in proof.layers)
    where = box_in_words(proof)
    if not dead:
        answer = f"No unit is proved dead {where}"
    else:
        layers = [printable(layer.name) for layer in proof.layers if layer.proved_dead.any()]
        share = f"({percent(dead / proof.units)} %) {'is' if dead == 1 else 'are'} proved dead"
        answer = (
            f"{thousands(dead)} of {quantity(proof.units, 'unit')} {share} {where}, in {list_names(layers)}"
        )
    others = [
        f"{quantity(count, 'unit')} {'is' if count == 1 else 'are'} {what}"
        for count, what in ((active, "linear there"), (constant, "constant there"))
        if count
    ]
    return f"{answer}; {' and '.join(others)}." if others else f"{answer}."


def _beside_data(proof: "Proof", layers: Sequence[LayerVerdict]) -> list[str]:
    """Return how the proof and the data agree."""
    if not any(layer.samples for layer in layers):
        return []
    sentences = []
    by_name = {layer.name: layer for layer in proof.layers}
    both = [(layer, by_name[layer.name]) for layer in layers if layer.name in by_name]
    dead = sum(layer.dead for layer, _ in both)
    proved = sum(int((layer.dead_units & one.proved_dead).sum()) for layer, one in both)
    if dead:
        rest = dead - proved
        open_ = (
            "none is left unproved"
            if not rest
            else f"{thousands(rest)} {'is' if rest == 1 else 'are'} not proved"
        )
        sentences.append(
            f"Of {quantity(dead, 'unit')} dead in the data, {thousands(proved)} are proved dead; {open_}."
        )
    sentences += _search(proof)
    if not proof.holds_data:
        sentences.append("The data leave the box: a unit that is proved dead may fire on them.")
    return sentences


def _search(proof: "Proof") -> list[str]:
    """Return which units the search woke, and on which inputs."""
    search = proof.search
    if search is None or not search.tried + search.left:
        return []
    if not search.tried:
        return [
            "No input that wakes them was searched: that would cost too much, or the inputs are not float32."
        ]
    tried = f"A search from the nearest samples tried {thousands(search.tried)} of them"
    if search.left:
        tried += f" ({thousands(search.left)} would cost too much)"
    if not search.wakes:
        return [f"{tried} and woke none, which proves nothing."]
    shown = [_wake(wake) for wake in search.wakes[:_FEW]]
    more = len(search.wakes) - _FEW
    rest = [f"{thousands(more)} more; JSON has all"] if more > 0 else []
    return [
        f"{tried} and woke {thousands(len(search.wakes))}, each confirmed by a run: {'; '.join([*shown, *rest])}."
    ]


def _wake(wake: "Wake") -> str:
    what = f"{printable(wake.layer)} unit {wake.unit} gets {number(wake.value, 3)}"
    if wake.numbers <= _SHORT:
        inputs = [
            f"{printable(name)} = {' '.join(str(value) for value in array.reshape(-1))}"
            for name, array in wake.inputs.items()
        ]
        return f"{what} at {', '.join(inputs)}"
    moved = f"{thousands(wake.changed)} of {quantity(wake.numbers, 'number')} moved"
    return f"{what} near sample {wake.sample}, {moved} by up to {number(wake.largest, 3)}"


def _method(proof: "Proof") -> str:
    decided = sum(int(layer.decided.sum()) for layer in proof.layers)
    lines = sum(int(layer.by_lines.sum()) for layer in proof.layers)
    sentence = (
        f"Intervals decide {quantity(decided - lines, 'unit')} in {_time(proof.seconds_of_intervals)}, linear bounds "
        f"(CROWN) {thousands(lines)} more in {_time(proof.seconds_of_lines)}; "
    )
    open_ = proof.units - decided
    if not open_:
        sentence += "no unit is left open."
    else:
        sentence += (
            f"{thousands(open_)} {'is' if open_ == 1 else 'are'} left open: bounds widen from layer to layer, so that "
            "deep layers over wide boxes stay open."
        )
    if proof.skipped:
        sentence += f" Linear bounds of {quantity(len(proof.skipped), 'layer')} would cost too much and were left out."
    return sentence


def _time(seconds: float) -> str:
    return f"{number(seconds, 2)} s"


def _ends(proof: "Proof") -> list[str]:
    """Return where the bounds end, each reason once."""
    reasons: dict[str, list[str]] = {}
    for layer in proof.layers:
        if layer.reason:
            reasons.setdefault(layer.reason, []).append(printable(layer.name))
    sentences = [
        f"No bounds reach {quantity(len(names), 'layer')} ({list_names(names)}): {reason}."
        for reason, names in list(reasons.items())[:3]
    ]
    unknown = sum(layer.unbounded for layer in proof.layers if not layer.reason)
    if unknown:
        sentences.append(
            f"{quantity(unknown, 'unit')} may overflow float32 or give NaN, so nothing is proved of them."
        )
    return sentences


def _unobserved(unobserved: Sequence[Unobserved]) -> list[str]:
    if not unobserved:
        return []
    names = [printable(one.name) for one in unobserved]
    were = "was" if len(names) == 1 else "were"
    return [f"{quantity(len(names), 'activation')} {were} not looked at: {list_names(names)}."]
