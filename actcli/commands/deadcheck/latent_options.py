"""The options of `deadcheck` about latents of sparse autoencoders and experts of routers."""

from functools import partial
from typing import Annotated

from actcli.commands.declaration import Option
from actcli.commands.values import sample_count, share, whole_number
from actcli.dataclass import dataclass

LATENTS = "Latents and experts"
LEAST_DENSITY = 1e-12
MOST_SAMPLES = 10**12

_SOURCES = ("arrays", "statistics", "model")
_JUDGED = (*_SOURCES, "training", "timeline", "stream")
"""Modes that --definition goes with."""
_latent_option = partial(Option, section=LATENTS, modes=_SOURCES)


@dataclass(frozen=True, kw_only=True)
class LatentOptions:
    """The options about latents and experts."""

    window: Annotated[
        int | None,
        _latent_option(
            "--window",
            metavar="N",
            parse=sample_count(1, MOST_SAMPLES),
            help="Also flag units that have not fired in the last N samples (10M). With --definition saelens or "
            "dictionary-learning in place of its own window.",
            modes=_JUDGED,
            excludes=("--stop-when-certain", "--find-limit"),
        ),
    ] = None
    density_below: Annotated[
        float | None,
        _latent_option(
            "--density-below",
            metavar="P",
            parse=share(ends=False, least=LEAST_DENSITY),
            help="With --definition density: flag units that fire on less than this share of the samples (1e-6).",
            needs=("--definition",),
            modes=_JUDGED,
        ),
    ] = None
    decades: Annotated[
        bool,
        _latent_option(
            "--decades",
            help="Show how many units fire on which share of the samples by powers of ten; --sparse does so anyway.",
        ),
    ] = False
    experts: Annotated[
        bool,
        _latent_option(
            "--experts",
            help="Show how evenly the units of each layer are used, as the experts of a router.",
        ),
    ] = False
    until: Annotated[
        int | None,
        Option(
            "--until",
            metavar="K",
            section=LATENTS,
            parse=whole_number(1, 10**6),
            help="With --experts: the samples that it takes until every unit has fired K times. With --plan: until "
            "each of UNITS units that fire on a share of --rare or more has.",
            modes=(*_SOURCES, "plan"),
        ),
    ] = None
    densities: Annotated[
        str | None,
        _latent_option(
            "--densities",
            metavar="FILE",
            help="Write the share of samples on which each unit fires, with its bound: .csv, .tsv, .json, or the "
            "shares alone as .npy (one layer) or .npz.",
        ),
    ] = None
    dead_units: Annotated[
        str | None,
        _latent_option(
            "--dead-units",
            metavar="FILE",
            help="Write the numbers of the dead units, or of those that --definition or --window flags, to "
            "resurrect them: .npy (one layer) or .npz.",
        ),
    ] = None
    gamma: Annotated[
        bool,
        Option(
            "--gamma",
            section=LATENTS,
            help="Before a sparse autoencoder is trained on these activations: print gamma, the length of their mean "
            "over that of their deviation, and which layers to centre.",
            modes=("arrays", "statistics"),
            excludes=(
                "--fail-above",
                "--definition",
                "--window",
                "--against",
                "--decades",
                "--experts",
                "--densities",
                "--dead-units",
                "--units",
                "--map",
                "--activation",
                "--sparse",
            ),
        ),
    ] = False
