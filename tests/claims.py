"""What people say about activations, measured: the commands behind docs/claims.md, and the page's parts for cog.

    python tests/claims.py --renew [NAME ...]

runs the commands anew, all or those named, and keeps what they showed in docs/claims/. Then `cog -r docs/claims.md`
puts it on the page.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# run as a file, the package beside the tests is found without being installed
sys.path.insert(0, str(Path(__file__).parents[1]))

import claim_readings as readings
from claim_readings import Read, Reading
from claim_recordings import Recording, load, record, save


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that is said of activations.

    Attributes:
        title: the claim in a few words: the page's heading.
        command: what puts it to the test.
        read: what the numbers say about it.

    """

    title: str
    command: str
    read: Read


CLAIMS: Mapping[str, Claim] = {
    "faster": Claim(
        "ReLU trains faster",
        "actcli compare relu tanh sigmoid --by training --lr auto --epochs 5 --seeds 20 --plot --digits 3",
        readings.relu_is_faster,
    ),
    "vanishing": Claim(
        "The gradients of sigmoid vanish with depth",
        "actcli compare sigmoid tanh relu --by training --depth 2,8,20 --seeds 10 --digits 3",
        readings.gradients_vanish,
    ),
    "dying": Claim(
        "A high learning rate kills ReLU units",
        "actcli deadcheck --train relu --lr 0.01,0.1,0.3,0.5,0.7 --depth 3 --seeds 20",
        readings.high_rates_kill,
    ),
    "leak": Claim(
        "Leaky ReLU repairs it",
        "actcli deadcheck --train relu --train leaky_relu --lr 0.1,0.5,0.7 --depth 3 --seeds 20",
        readings.a_leak_repairs,
    ),
    "alpha": Claim(
        "α must be chosen with care",
        "actcli compare leaky_relu --sweep alpha=0.001,0.01,0.1,0.3,0.5,0.7,1 --by training --seeds 20 --digits 3",
        readings.alpha_matters,
    ),
    "layers": Claim(
        "Different layers may want different functions",
        "actcli compare relu tanh relu/tanh tanh/relu relu/sigmoid sigmoid/relu --by training --seeds 20 --digits 3",
        readings.layers_differ,
    ),
    "generalisation": Claim(
        "Some functions generalise better",
        "actcli compare relu leaky_relu elu gelu silu tanh sine identity --by training --epochs 30 --digits 3",
        readings.generalisation_differs,
    ),
}


def shown(name: str) -> str:
    """A claim's command with what it showed, and below it what its numbers say."""
    recording = load(name)
    screen = "\n".join([f"$ {recording.command}", *recording.screen])
    return f"\n```console\n{screen}\n```\n\n{said(name)}"


def said(name: str) -> str:
    """The verdict and its grounds, a paragraph."""
    found = reading(name)
    return f"**{found.verdict}.** {found.sentence}\n"


def reading(name: str) -> Reading:
    """What the recording of a claim says of it."""
    return CLAIMS[name].read(load(name))


def summary() -> str:
    """A line a claim: where it stands on the page, and the verdict."""
    rows = ["| people say | measured |", "| --- | --- |"]
    for name, claim in CLAIMS.items():
        rows.append(f"| [{claim.title}](#{_anchor(claim.title)}) | {reading(name).verdict.lower()} |")
    return "\n" + "\n".join(rows) + "\n"


def origin() -> str:
    """When and on what machine the commands ran, and how long they took."""
    recordings = [load(name) for name in CLAIMS]
    dates = sorted({recording.date for recording in recordings})
    when = dates[0] if len(dates) == 1 else f"between {dates[0]} and {dates[-1]}"
    machines = "; and ".join(sorted({_machine(recording) for recording in recordings}))
    seconds = [recording.seconds for recording in recordings]
    return (
        f"\nRecorded {when} on {machines}.\nThe slowest command took {max(seconds):.0f} s, all {len(seconds)} of them "
        f"{sum(seconds):.0f} s.\n"
    )


def renew(names: list[str]) -> None:
    """Run the commands of these claims, and keep what they showed."""
    for name in names:
        recording = record(CLAIMS[name].command)
        save(name, recording)
        sys.stdout.write(f"{name}: {recording.seconds} s. {said(name)}")
        sys.stdout.flush()


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
