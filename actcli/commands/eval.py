"""`actcli eval`: the values of an activation function."""

from typing import TYPE_CHECKING

from actcli.commands.build import build_command
from actcli.commands.conflicts import refuse_conflicts
from actcli.commands.options import Function, NumberCommandOptions
from actcli.dataclass import dataclass

if TYPE_CHECKING:
    from actcli.commands.session import Session

EPILOG = """\
Examples:
  actcli eval relu -1 0 1
  seq -5 5 | actcli eval leaky_relu:alpha=0.2 --with-x
  actcli eval 'x*tanh(b*x)' 1 2 --set b=0.5
  actcli eval torch.gelu activations.npy -o out.npy
  actcli eval softmax logits.csv --format json
  tail -f loss.txt | actcli eval sigmoid
  actcli eval relu gelu runs.csv --column loss --append
"""


@dataclass(frozen=True, kw_only=True)
class EvalOptions(NumberCommandOptions):
    """The command line of `eval`."""

    function: Function


def evaluate_function(options: EvalOptions, session: "Session") -> None:
    """Evaluate an activation function at numbers, a file or a stream.

    A function over rows (softmax, glu, ...) takes each line of a text, or the
    last axis of an array, as one row. A stream is answered as it arrives.
    """
    from actcli.commands.number_request import choose_number_layout, open_streams, request_numbers

    refuse_conflicts(options)
    if options.append:
        from actcli.analysis.stream.blocks import evaluate
        from actcli.commands.number_request import append_results

        append_results(options.function, options, session, lambda f, numbers: evaluate(f, numbers, 1))
        return
    layout = choose_number_layout(options, options, session.terminal)

    from actcli.analysis.stream.blocks import evaluate
    from actcli.commands.functions import resolve
    from actcli.render.output.progress import with_progress
    from actcli.render.values.evaluations import write_evaluations

    f = resolve(options.function, options, session.terminal)
    request = request_numbers(f, options, layout, session.memory)
    threads = session.threads
    evaluations = (evaluate(f, numbers, threads) for numbers in open_streams(request, layout, session))
    session.writes()
    write_evaluations(with_progress(evaluations, session.terminal, layout), layout, session.terminal)


command = build_command("eval", EvalOptions, evaluate_function, epilog=EPILOG)
