"""Verdicts in sentences: first the answer, then the limit, then warnings; the same in every form of output."""

from collections.abc import Sequence

from actcli.analysis.deadness.report import Judgement, Report, is_above
from actcli.analysis.deadness.unit_class import can_be_dead
from actcli.analysis.deadness.verdict import LayerVerdict
from actcli.render.deadness.change import change_summary
from actcli.render.deadness.definition_sentences import too_few_samples
from actcli.render.deadness.findings import Findings
from actcli.render.deadness.proof.sentences import proof_sentences
from actcli.render.deadness.pruned import pruning_sentences
from actcli.render.deadness.wording import bound_text, list_names, percent, samples_text, silence_bound
from actcli.render.text.notation import number, quantity, thousands
from actcli.terminal import printable

_MOST_LAYERS = 10
"""Layers that get a sentence of their own."""

Layers = Sequence[LayerVerdict]


def verdict(findings: Findings) -> list[str]:
    """Return the sentences: cautions, the answer, the judgement, warnings and notes."""
    report, layers = findings.report, findings.judged_layers
    return [
        *caution(findings),
        _answer(report, layers),
        *definition_sentences(report, layers),
        *limit_sentences(findings),
        *_other_layers(report, layers),
        *change_sentences(findings),
        *(() if findings.pruning is None else pruning_sentences(findings.pruning)),
        *([] if findings.proof is None else proof_sentences(findings.proof, layers=report.layers)),
        *_warnings(findings, layers),
        *map(printable, report.notes),
    ]


def change_sentences(findings: Findings) -> list[str]:
    """Return what changed since earlier statistics, and whether that fails the check."""
    change = findings.report.change
    if change is None:
        return []
    fails = "Units that died since then fail the check."
    return [change_summary(change), *([fails] if findings.fails_by_newly_dead else [])]


def caution(findings: Findings) -> list[str]:
    """Return the sentences to read before anything else: noise, interruption, an early stop."""
    sentences = []
    if findings.noise is not None:
        noise = quantity(findings.noise, "sample")
        sentences.append(
            f"The inputs were {noise} of RANDOM NOISE: this verdict is about noise, not about data."
        )
    if not findings.complete:
        seen = "epochs trained" if findings.trained else "samples seen"
        sentences.append(f"Interrupted: this is about the {seen} so far.")
    if findings.stopped:
        sentences.append(f"Stopped before the end of the data: {_reason_to_stop(findings)}.")
    return sentences


def _reason_to_stop(findings: Findings) -> str:
    report = findings.report
    silent = [layer for layer in report.layers if can_be_dead(layer.state).any()]
    if not silent:
        return "no unit can be dead any more"
    if all(layer.samples >= report.needed for layer in silent):
        return f"all silent units together are bounded below {number(report.settings.rare)}"
    if findings.judgement is not None and findings.judgement.status == "found":
        return "more units are silent than the limit allows, and chance does not explain it"
    if findings.judgement is not None and findings.judgement.status == "fine":
        return "no more units are silent than the limit allows, and more samples can only reduce them"
    return "the layers that were cut short have all the samples they need"


def _answer(report: Report, layers: Layers) -> str:
    """Return how many units are dead, in which layers, and how sure that is."""
    if not layers:
        return "No activation was observed."
    if not any(layer.samples for layer in layers):
        return "No sample was seen."
    where, several = _within(report, layers), len(layers) > 1
    layers = [layer for layer in layers if layer.samples]
    units, dead = sum(layer.units for layer in layers), sum(layer.dead for layer in layers)
    if not dead:
        return _nobody_dead(layers, where)
    dead_layers = [layer for layer in layers if layer.dead]
    bound = bound_text(max(silence_bound(layer, report.settings.confidence) for layer in dead_layers))
    certainty = f"{percent(report.settings.confidence)} % confidence"
    if dead == units:
        subject = f"The only unit{where} is" if units == 1 else f"All {quantity(units, 'unit')}{where} are"
        subject += " dead"
    else:
        share = f"({percent(dead / units)} %) {'is' if dead == 1 else 'are'} dead"
        subject = f"{thousands(dead)} of {quantity(units, 'unit')}{where} {share}"
        subject += _places(dead_layers) if several else ""
    future = "more samples can only reduce the count"
    if not all(layer.bounded for layer in dead_layers):
        needed, rare = quantity(report.needed, "sample"), number(report.settings.rare)
        future = f"{needed} would bound all units at {rare}, and more can only reduce the count"
    each = "" if dead == 1 else " each"
    return f"{subject}: no firing in {samples_text(dead_layers)}, p < {bound}{each} ({certainty}); {future}."


def _within(report: Report, layers: Layers) -> str:
    """Return the layers whose units are counted; blank if all are."""
    if len(layers) == len(report.layers):
        return ""
    names = [printable(layer.name) for layer in layers]
    several = "" if len(names) == 1 else f"the {quantity(len(names), 'layer')} "
    return f" in {several}{list_names(names)}"


def _places(dead_layers: Layers) -> str:
    """Return where the dead units are: `, both in conv1`, `, in conv1 (3) and fc (1)`."""
    if len(dead_layers) == 1:
        (layer,) = dead_layers
        number_word = {1: "", 2: "both "}.get(layer.dead, "all ")
        return f", {number_word}in {printable(layer.name)}"
    worst = sorted(dead_layers, key=lambda layer: -layer.dead)
    named = [f"{printable(layer.name)} ({thousands(layer.dead)})" for layer in worst]
    if len(named) > 3:
        return f", in {quantity(len(named), 'layer')}, most in {named[0]}"
    return f", in {', '.join(named[:-1])} and {named[-1]}"


def _nobody_dead(layers: Layers, where: str) -> str:
    """Return that no unit is dead, how many fired, and what the others did."""
    units, nonfinite = sum(layer.units for layer in layers), sum(layer.nonfinite for layer in layers)
    if nonfinite == units:
        whose = "The only unit" if units == 1 else f"All {quantity(units, 'unit')}"
        return f"{whose}{where} gave NaN or inf: nothing is known of firing."
    fired = sum(int(((layer.state.fired > 0) & ~layer.nonfinite_units).sum()) for layer in layers)
    samples = samples_text(layers)
    if fired == units:
        who = "the only one" if units == 1 else f"all {thousands(units)}"
        return f"No unit{where} is dead: {who} fired, in {samples}."
    parts = [f"{thousands(fired)} of {thousands(units)} fired, in {samples}"]
    silent = units - nonfinite - fired
    if silent:
        is_not, its = ("is not", "its") if silent == 1 else ("are not", "their")
        parts.append(f"{thousands(silent)} never fired, but {is_not} dead by {its} class")
    if nonfinite:
        parts.append(f"{thousands(nonfinite)} gave NaN or inf")
    return f"No unit{where} is known to be dead: {'; '.join(parts)}."


def definition_sentences(report: Report, layers: Layers) -> list[str]:
    """Return how many units and which layers another tool's definition flags."""
    names = {layer.name for layer in layers}
    readings = [reading for reading in report.readings if reading.layer in names]
    if not readings:
        return []
    flagged = sum(int(reading.flags.sum()) for reading in readings)
    units = sum(layer.units for layer in layers)
    sentence = f"{report.settings.definition} flags {thousands(flagged)} of {quantity(units, 'unit')}"
    sentence += _within(report, layers)
    flagged_layers = [printable(reading.layer) for reading in readings if reading.layer_flagged]
    if flagged_layers:
        sentence += f", and {quantity(len(flagged_layers), 'layer')}: {list_names(flagged_layers)}"
    return [f"{sentence}.", *too_few_samples(readings, layers, report.settings.confidence)]


def limit_sentences(findings: Findings) -> list[str]:
    """Return the judgement against the limits: of all units, and of each layer that fails; empty without a limit."""
    judgement = findings.judgement
    if judgement is None:
        return []
    parts = judgement.parts
    if not parts:
        return _judgement_text(judgement)
    if judgement.status == "fine":
        return [_within_limits(parts)]
    bad = [part for part in parts if part.status == judgement.status]
    sentences = [text for part in bad[:_MOST_LAYERS] for text in _judgement_text(part)]
    more = len(bad) - _MOST_LAYERS
    return [*sentences, f"The same is true of {quantity(more, 'more layer')}."] if more > 0 else sentences


def _within_limits(parts: Sequence[Judgement]) -> str:
    """Return that all shares are within their limits."""
    layers = [part for part in parts if part.layer is not None]
    shares = {part.limit for part in parts}
    whose = f"Layer {printable(layers[0].layer or '')}"
    whose = whose if len(layers) == 1 else f"Each of the {thousands(len(layers))} layers"
    together = len(layers) < len(parts)
    if together:
        whose += ", and all units together,"
    if len(shares) == 1:
        return f"{whose} {'are' if together else 'is'} within the limit of {percent(shares.pop())} %."
    return f"{whose} {'are within their limits' if together else 'is within its limit'}."


def _judgement_text(judgement: Judgement) -> list[str]:
    """Return one judgement in words: of a layer by name, or of all units, as `That`."""
    allowed = f"the limit of {percent(judgement.limit)} %"
    # "layer" stands before the name, because PyTorch names layers 0, 2 and 4
    layer = None if judgement.layer is None else f"layer {printable(judgement.layer)}"
    subject = "That" if layer is None else f"L{layer[1:]}"
    share = f"{percent(judgement.share)} % ({thousands(judgement.dead)} of {thousands(judgement.units)})"
    above = is_above(judgement.dead, judgement.units, judgement.limit)
    if judgement.nonfinite:
        some = f"{thousands(judgement.nonfinite)} of {quantity(judgement.units, 'unit')}"
        sentence = f"{some}{'' if layer is None else f' of {layer}'} gave NaN or inf, which no limit allows."
        return [sentence, f"Besides, {share} is above {allowed}."] if above else [sentence]
    if judgement.status == "fine":
        return [f"{subject} is within {allowed}."]
    if judgement.status == "found":
        return [f"{subject} is above {allowed}: {share}."]
    start = "Not enough data" if layer is None else f"Not enough data of {layer}"
    if judgement.empty:
        return [f"{start}: {'no unit was observed' if not judgement.units else 'a layer has no sample'}."]
    few = f"{quantity(judgement.samples, 'sample')} {'is' if judgement.samples == 1 else 'are'} too few"
    needed = f"it takes {thousands(judgement.needed)}" if judgement.needed else "the shares are at the limit"
    side = "above" if above else "within"
    return [f"{start}: {share} is {side} {allowed}, but {few} to say so; {needed}."]


def _other_layers(report: Report, layers: Layers) -> list[str]:
    """Return the dead units that the limit does not concern."""
    # by identity: comparing verdicts takes a time quadratic in the layers
    judged = set(map(id, layers))
    others = [layer for layer in report.layers if id(layer) not in judged]
    dead, units = sum(layer.dead for layer in others), sum(layer.units for layer in others)
    if not dead:
        return []
    which = "the other layer" if len(others) == 1 else f"the {thousands(len(others))} other layers"
    share = f"{thousands(dead)} of {quantity(units, 'unit')} {'is' if dead == 1 else 'are'} dead"
    return [f"In {which}, which the limit is not for, {share}."]


def _warnings(findings: Findings, layers: Layers) -> list[str]:
    """Return layers that are entirely dead, gave NaN or inf, have no sample, or were not observed."""
    sentences, report = [], findings.report
    gone = [printable(layer.name) for layer in layers if layer.units and layer.dead == layer.units]
    if gone and len(gone) < len(layers):
        sentences.append(
            f"{quantity(len(gone), 'layer')} {_is(gone, 'is', 'are')} entirely dead: {list_names(gone)}."
        )
    judgement = findings.judgement
    counted = judgement is not None and judgement.nonfinite and not judgement.parts
    broken = [layer for layer in report.layers if layer.nonfinite]
    nonfinite = sum(layer.nonfinite for layer in broken)
    if broken and nonfinite < report.units:
        names = list_names([printable(layer.name) for layer in broken])
        sentences.append(
            f"NaN or inf are in {names}."
            if counted
            else f"{quantity(nonfinite, 'unit')} gave NaN or inf: {names}."
        )
    empty = [printable(layer.name) for layer in report.layers if not layer.samples]
    if empty and len(empty) < len(report.layers):
        sentences.append(
            f"{quantity(len(empty), 'layer')} {_is(empty, 'has', 'have')} no sample: {list_names(empty)}."
        )
    locked = [layer for layer in layers if layer.locked.any()]
    if locked:
        count = sum(int(layer.locked.sum()) for layer in locked)
        names = list_names([printable(layer.name) for layer in locked])
        be, them = ("is", "it") if count == 1 else ("are", "them")
        sentences.append(
            f"{quantity(count, 'dead unit')} of {names} {be} locked: training on these inputs never revives {them}, "
            "unless it augments the inputs, decays weights, or has batch normalization in training mode."
        )
    unseen = [printable(one.name) for one in report.unobserved]
    if unseen:
        what = f"{quantity(len(unseen), 'activation')} {_is(unseen, 'was', 'were')} NOT OBSERVED"
        consequence = "which fails the check" if findings.fail_on_unobserved else "and may have dead units"
        sentences.append(f"{what}, {consequence}: {list_names(unseen)}.")
    return sentences


def _is(names: Sequence[str], one: str, several: str) -> str:
    return one if len(names) == 1 else several
