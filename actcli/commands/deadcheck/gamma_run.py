"""`deadcheck --gamma`: which layers to centre before a sparse autoencoder is trained on their activations."""

from typing import TYPE_CHECKING

from actcli.commands.deadcheck.files import require_writable_files
from actcli.commands.deadcheck.run import follow_sources
from actcli.commands.deadcheck.sources import open_sources
from actcli.exits import ExitStatus

if TYPE_CHECKING:
    from actcli.commands.deadcheck.options import DeadcheckOptions
    from actcli.commands.deadcheck.reports import Reports
    from actcli.commands.session import Session


def show_gamma(mode: str, options: "DeadcheckOptions", reports: "Reports", session: "Session") -> ExitStatus:
    """Print gamma of each layer of the sources, and which to centre before a sparse autoencoder is trained."""
    from actcli.analysis.sparse.centring import centring
    from actcli.render.sparse.centring import centring_sentence, write_centring

    settings, terminal = options.settings, session.terminal
    require_writable_files(options, reports)
    sources = open_sources(mode, options, session)
    session.writes()
    snapshot, ending = follow_sources(sources, session)
    layers = [centring(state, settings.rare) for state in snapshot.states.values()]
    for layout in reports.layouts:
        if ending.complete or layout.path is None:
            write_centring(layers, settings.rare, layout, terminal)
    if not reports.is_on_screen(terminal):
        reports.say([centring_sentence(layers, settings.rare)], terminal)
    return ExitStatus.DONE if ending.complete else ExitStatus.INTERRUPTED
