"""`actcli info`: the card of an activation function."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from actcli.commands.build import build_command
from actcli.commands.conflicts import refuse_conflicts
from actcli.commands.declaration import Option
from actcli.commands.options import Document, Format, Function, FunctionOptions
from actcli.commands.values import names, one_of, whole_number
from actcli.dataclass import dataclass
from actcli.exits import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from actcli.activations import Activation
    from actcli.analysis.compare.timing import Peer
    from actcli.commands.session import Session
    from actcli.render.code.numpy_run import CodeError

Place = Literal["python", "torch", "jax", "tensorflow", "latex", "c", "triton"]
KernelType = Literal["float32", "float64"]

EPILOG = """\
Examples:
  actcli info gelu
  actcli info leaky_relu:0.2
  actcli info torch.softplus --format json
  actcli info selu | grep gains
  actcli info mish --cost --with torch
  actcli info gelu --accuracy
  actcli info 'x/(1+exp(-x))'
  actcli info 'x*tanh(softplus(b*x))' --set b=1.5 --code torch
  actcli info prelu --code torch --module
  actcli info gelu --code latex -o gelu.tex
  actcli info gelu --code python --order 1
  actcli info config.json
"""


@dataclass(frozen=True, kw_only=True)
class InfoOptions(FunctionOptions):
    """The command line of `info`."""

    function: Function
    cost: Annotated[
        bool,
        Option(
            "--cost",
            help="Also measure the time per element of our NumPy code here, relative to relu.",
            section="Measurement",
        ),
    ] = False
    frameworks: Annotated[
        tuple[str, ...] | None,
        Option(
            "--with",
            metavar="NAMES",
            parse=names,
            help="Also time torch, jax, with commas, each relative to its own relu.",
            section="Measurement",
            needs=("--cost",),
        ),
    ] = None
    accuracy: Annotated[
        bool,
        Option(
            "--accuracy",
            help="Also measure the error of the code that --code python writes, in ULP, in float64 and float32.",
            section="Measurement",
            excludes=("--code",),
        ),
    ] = False
    code: Annotated[
        Place | None,
        Option(
            "--code",
            metavar="PLACE",
            help=f"Write the function as code instead: {one_of(Place)}; -o FILE.py, .tex or .c. "
            "c and triton compute in float64.",
            section="Code",
            excludes=("--cost", "--format"),
        ),
    ] = None
    module: Annotated[
        bool,
        Option(
            "--module",
            help="With --code torch, add an nn.Module whose parameters are trained, those that no gradient reaches "
            "are buffers.",
            section="Code",
            needs=("--code",),
        ),
    ] = False
    dtype: Annotated[
        KernelType | None,
        Option(
            "--dtype",
            metavar="TYPE",
            help=f"With --code c or triton, the type of the numbers: {one_of(KernelType)}. Other code takes that of x.",
            section="Code",
            default="float32",
            needs=("--code",),
        ),
    ] = None
    order: Annotated[
        int | None,
        Option(
            "--order",
            metavar="N",
            help="With --code, write the derivative of this order in symbols, 1 to 8, instead of the function.",
            section="Code",
            parse=whole_number(1, 8),
            needs=("--code",),
        ),
    ] = None
    format: Format = None
    output: Document = None


def show_card(options: InfoOptions, session: "Session") -> None:
    """Show the card of an activation function.

    Formula, derivative, parameters, range, slopes, kinks, moments and gains, names
    in the frameworks: the numbers are computed from the function itself, at the
    given parameters. With --code the function itself, to be pasted. A model's
    config.json (transformers) stands for the activation that it means.
    """
    from actcli.commands.functions import load_functions, specifications

    refuse_conflicts(options)
    load_functions(options.function_files, session.terminal)
    (spec,) = specifications([_function(options.function, session)], options)
    if options.code is not None:
        _write_code(options.code, spec, options, session)
        return
    from actcli.render.output.layout import choose_layout

    layout = choose_layout(
        options.format, options.output, with_x=False, digits=None, terminal=session.terminal
    )

    from actcli.activations import activation
    from actcli.activations.definition import FORMULA
    from actcli.activations.symbolic.derive import derivatives, shown
    from actcli.analysis.card.limited import limit_effort
    from actcli.analysis.card.properties import measure
    from actcli.analysis.card.recognition import recognise
    from actcli.render.card.card import write_card
    from actcli.render.card.facts import Card

    f = limit_effort(activation(spec))
    properties = None if f.by_rows else measure(f)
    card = Card(
        f,
        properties,
        _measure_costs(f, options, session) if options.cost else {},
        recognise(f),
        tuple(map(shown, derivatives(f, 2))) if f.definition.family == FORMULA else (),
        _measure_errors(f) if options.accuracy else {},
    )
    session.writes()
    write_card(card, layout, session.terminal)


def _function(text: str, session: "Session") -> str:
    """Return the function that is named, or that a model's configuration means; that is said on stderr."""
    from actcli.sources.configuration import is_configuration, read_configuration

    if not is_configuration(text):
        return text
    configured = read_configuration(text)
    for sentence in configured.sentences:
        session.terminal.say(f"actcli: {sentence}")
    return configured.spec


def _measure_costs(f: "Activation", options: InfoOptions, session: "Session") -> dict[str, float]:
    """Return the time relative to relu by whose code was timed: ours, then those of --with that have the function."""
    from functools import partial

    from actcli.analysis.card.cost import cost_relative_to_relu
    from actcli.render.card.facts import OURS

    if options.frameworks is None:
        frameworks: tuple[Peer, ...] = ()
    else:
        from actcli.sources.peers import peers

        frameworks = peers(options.frameworks)

    def prepare(peer: "Peer", one: "Activation", x: "NDArray[Any]") -> "Callable[[], object] | None":
        maker = None if one.by_rows else peer.prepare(one, 0)
        return None if maker is None else maker(peer.load(x))

    costs = {OURS: cost_relative_to_relu(f)}
    for peer in frameworks:
        peer.use_threads(1)
        costs[f"{peer.name} {peer.version}"] = cost_relative_to_relu(f, partial(prepare, peer))
    for whose, cost in costs.items():
        if cost is None:
            session.terminal.say(f"actcli: {whose} has no {f.spec} with the same values")
    return {whose: cost for whose, cost in costs.items() if cost is not None}


def _measure_errors(f: "Activation") -> "dict[str, CodeError]":
    from actcli.analysis.stream.evaluation import require_elementwise
    from actcli.render.code.numpy_run import code_errors

    require_elementwise([f])
    return code_errors(f)


def _write_code(place: Place, spec: str, options: InfoOptions, session: "Session") -> None:
    """Write the function as code; a parameter without a value becomes a required one of the code."""
    from actcli.activations import activation
    from actcli.activations.resolve import parameter_names
    from actcli.render.card.code_document import check_file, write_code
    from actcli.render.code import code_for

    if options.module and place != "torch":
        raise UsageError(f"--module writes an nn.Module of PyTorch: use --code torch, not {place}")
    if options.dtype and place not in {"c", "triton"}:
        raise UsageError(f"--dtype is for kernels, --code c or triton; code for {place} takes the type of x")
    path = check_file(options.output, place)
    f = activation(spec, free=parameter_names(spec))
    if options.order:
        from actcli.activations.symbolic.derive import derivative
        from actcli.analysis.stream.evaluation import require_elementwise

        require_elementwise([f])
        f = derivative(f, options.order)
    text = code_for(place, f, as_module=options.module, dtype=options.dtype or "float32")
    session.writes()
    write_code(text, place, path, session.terminal)


command = build_command("info", InfoOptions, show_card, epilog=EPILOG)
