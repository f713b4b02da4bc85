"""What people say about activations, measured: the commands behind docs/claims.md, and the page's parts for cog.

    python tests/claims.py --renew [NAME ...]

runs the commands anew (all, or those named), and keeps what they showed in docs/claims/; then
`cog -r docs/claims.md` puts it on the page.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass

import claim_readings as readings
from claim_readings import Read, Reading
from claim_recordings import Recording, load, record, save


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that is said of activations.

    Attributes:
        title: the claim in a few words, as the page's heading has it.
        command: what puts it to the test.
        read: what the numbers say about it.

    """

    title: str
    command: str
    read: Read


CLAIMS: Mapping[str, Claim] = {
    "faster": Claim(
        "ReLU trains faster",
        "actcli compare relu tanh sigmoid --by training --lr auto",
        readings.relu_is_faster,
    ),
    "vanishing": Claim(
        "The gradients of sigmoid vanish with depth",
        "actcli compare sigmoid tanh relu --by training --depth 2,8,20 --seeds 5",
        readings.gradients_vanish,
    ),
    "dying": Claim(
        "A high learning rate kills ReLU units",
        "actcli deadcheck --train relu --lr 0.01,0.1,0.3,0.5,0.7 --depth 3",
        readings.high_rates_kill,
    ),
    "leak": Claim(
        "Leaky ReLU repairs it",
        "actcli deadcheck --train relu --train leaky_relu --train leaky_relu:0.1 --lr 0.1,0.5,0.7 --depth 3",
        readings.a_leak_repairs,
    ),
    "alpha": Claim(
        "α must be chosen with care",
        "actcli compare leaky_relu --sweep alpha=0.001,0.01,0.1,0.3,0.5,0.7,1 --by training --seeds 20",
        readings.alpha_matters,
    ),
    "layers": Claim(
        "Different layers may want different functions",
        "actcli compare relu tanh sigmoid relu/tanh tanh/relu relu/sigmoid sigmoid/relu --by training --seeds 20",
        readings.layers_differ,
    ),
    "generalisation": Claim(
        "Some functions generalise better",
        "actcli compare relu leaky_relu elu gelu silu tanh sine identity --by training --epochs 30",
        readings.generalisation_differs,
    ),
}


def shown(name: str) -> str:
    """A claim's command with what it showed, and below it what its numbers say."""
    recording = load(name)
    return (
        "\n```console\n" + "\n".join([f"$ {recording.command}", *recording.screen]) + "\n```\n\n" + said(name)
    )


def said(name: str) -> str:
    """The verdict and its grounds, as a paragraph."""
    found = reading(name)
    return f"**{found.verdict}.** {found.sentence}\n"


def reading(name: str) -> Reading:
    """What the recording of a claim says of it."""
    return CLAIMS[name].read(load(name))


def summary() -> str:
    """A line a claim: where it stands on the page, the verdict."""
    rows = ["| claim | measured |", "| --- | --- |"]
    rows += [
        f"| [{claim.title}](#{_anchor(claim.title)}) | {reading(n).verdict.lower()} |"
        for n, claim in CLAIMS.items()
    ]
    return "\n" + "\n".join(rows) + "\n"


def origin() -> str:
    """When and on what machine the commands ran, and how long they took."""
    recordings = {name: load(name) for name in CLAIMS}
    dates = sorted({recording.date for recording in recordings.values()})
    machines = sorted({_machine(recording) for recording in recordings.values()})
    slowest = max(recording.seconds for recording in recordings.values())
    total = sum(recording.seconds for recording in recordings.values())
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    return f"\nRecorded {when} on {'; and '.join(machines)}. The slowest command took {slowest:.0f} s, all of them {total:.0f} s.\n"


def renew(names: list[str]) -> None:
    """Run the commands of these claims, and keep what they showed."""
    for name in names:
        recording = record(CLAIMS[name].command)
        save(name, recording)
        sys.stdout.write(f"{name}: {recording.seconds} s. {said(name)}")


def _machine(recording: Recording) -> str:
    of = recording.machine
    return (
        f"{of['processor']}, {of['cores']} cores, {of['system']}, Python {of['python']}, NumPy {of['numpy']}"
    )


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def main(arguments: list[str]) -> None:
    """`--renew`, and perhaps names of claims."""
    unknown = [name for name in arguments[1:] if name not in CLAIMS]
    if arguments[:1] != ["--renew"] or unknown:
        raise SystemExit(f"usage: python tests/claims.py --renew [{' | '.join(CLAIMS)}] ...")
    renew(arguments[1:] or list(CLAIMS))


if __name__ == "__main__":
    main(sys.argv[1:])
