"""The study behind the claims page: the seven commands, and the parts of the page that cog fills in.

`python docs/claims/study.py [NAME ...]` runs the commands again, all or those named. Then
`cog -r docs/claims/README.md` puts the new results on the page.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# so that the package, which need not be installed, and the folder above are found when this file is run
sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

import verdicts
from recordings import FOLDER, Recording, load, record, save
from verdicts import Judge

BUNDLE = Path(__file__).parents[2] / "actcli/sources/records/claims.json"
"""The recordings that come with the package."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A common statement about activation functions.

    Attributes:
        title: the claim in a few words: the heading on the page.
        command: the command that tests it.
        judge: computes the verdict from a recording.

    """

    title: str
    command: str
    judge: Judge


CLAIMS: Mapping[str, Claim] = {
    "faster": Claim(
        "ReLU trains faster",
        "actcli compare relu tanh sigmoid --by training --lr auto --epochs 5 --seeds 20 --plot",
        verdicts.relu_is_faster,
    ),
    "vanishing": Claim(
        "The gradients of sigmoid vanish with depth",
        "actcli compare sigmoid tanh relu --by training --depth 2,8,20 --seeds 10",
        verdicts.gradients_vanish,
    ),
    "dying": Claim(
        "A high learning rate kills ReLU units",
        "actcli deadcheck --train relu --lr 0.01,0.1,0.3,0.5,0.7 --depth 3 --seeds 20",
        verdicts.high_rates_kill,
    ),
    "leak": Claim(
        "Leaky ReLU repairs it",
        "actcli deadcheck --train relu --train leaky_relu --lr 0.1,0.5,0.7 --depth 3 --seeds 20",
        verdicts.a_leak_repairs,
    ),
    "alpha": Claim(
        "α must be chosen with care",
        "actcli compare leaky_relu --sweep alpha=0.001,0.01,0.1,0.3,0.5,0.7,1 --by training --seeds 20",
        verdicts.alpha_matters,
    ),
    "layers": Claim(
        "Different layers may want different functions",
        "actcli compare relu tanh relu/tanh tanh/relu relu/sigmoid sigmoid/relu --by training --seeds 20",
        verdicts.layers_differ,
    ),
    "generalisation": Claim(
        "Some functions generalise better",
        "actcli compare relu leaky_relu elu gelu silu tanh sine identity --by training --epochs 30",
        verdicts.generalisation_differs,
    ),
}


def section(name: str) -> str:
    """Return a claim's command with its recorded output, and the verdict."""
    recording = load(name)
    screen = "\n".join([f"$ {recording.command}", *recording.screen])
    return f"\n```console\n{screen}\n```\n\n{verdict(name)}"


def verdict(name: str) -> str:
    """Return the verdict on a claim with its reasons, as a paragraph of Markdown."""
    outcome, reasons = CLAIMS[name].judge(load(name))
    return f"**{outcome}.** {reasons}\n"


def summary(page: str = "") -> str:
    """Return a table of all claims: a link to the section on the page, and the verdict."""
    rows = ["| people say | measured |", "| --- | --- |"]
    for name, claim in CLAIMS.items():
        anchor = claim.title.lower().replace(" ", "-")
        rows.append(f"| [{claim.title}]({page}#{anchor}) | {claim.judge(load(name))[0].lower()} |")
    return "\n" + "\n".join(rows) + "\n"


def says(name: str) -> str:
    """Return the paragraphs of the page that stand before a claim's command, as one line."""
    text = (FOLDER / "README.md").read_text("utf-8").partition(f"\n## {CLAIMS[name].title}\n")[2]
    return " ".join(text.partition("<!--")[0].split())


def bundle() -> str:
    """Return the recorded claims as the JSON that comes with the package, for `actcli claims`."""
    claims = []
    for name, claim in CLAIMS.items():
        recording = load(name)
        outcome, reasons = claim.judge(recording)
        head = {"name": name, "title": claim.title, "says": says(name), "command": recording.command}
        claims.append({**head, "screen": recording.screen, "verdict": outcome, "reasons": reasons})
    document = {"origin": " ".join(origin().split()), "claims": claims}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def origin() -> str:
    """Return when and on which machine the commands ran, and how long they took."""
    recordings = [load(name) for name in CLAIMS]
    dates = sorted({recording.date for recording in recordings})
    when = f"on {dates[0]}" if len(dates) == 1 else f"between {dates[0]} and {dates[-1]}"
    machines = "; and ".join(sorted({_machine(recording) for recording in recordings}))
    seconds = [recording.seconds for recording in recordings]
    return (
        f"\nRecorded {when} on {machines}.\nThe slowest command took {max(seconds):.0f} s, all {len(seconds)} together "
        f"{sum(seconds):.0f} s.\n"
    )


def _machine(recording: Recording) -> str:
    m = recording.machine
    return f"{m['processor']}, {m['cores']} cores, {m['system']}, Python {m['python']}, NumPy {m['numpy']}"


def main(names: list[str]) -> None:
    """Run the commands of the named claims, or of all, and save the recordings, for the page and the package."""
    if not set(names) <= set(CLAIMS):
        raise SystemExit(f"usage: python docs/claims/study.py [{' | '.join(CLAIMS)}] ...")
    for name in names or CLAIMS:
        recording = record(CLAIMS[name].command)
        save(name, recording)
        sys.stdout.write(f"{name}: {recording.seconds} s. {verdict(name)}")
        sys.stdout.flush()
    BUNDLE.write_text(bundle(), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
