"""actcli: a laboratory for activation functions. Exact values, exact derivatives.

From Python: `from actcli import Recorder, activation, catalogue, load_functions`.
"""

TYPE_CHECKING = False  # typing would take as long to load as the rest of the way to the version
if TYPE_CHECKING:
    from actcli.activations import activation, catalogue
    from actcli.recording.recorder import Recorder
    from actcli.sources.functions.functions_file import load_functions

__version__ = "0.1.0"
__all__ = ["Recorder", "activation", "catalogue", "load_functions"]


def __getattr__(name: str) -> object:
    """Load the core on first use, so that `actcli --version` imports no NumPy (PEP 562)."""
    if name == "load_functions":
        from actcli.sources.functions.functions_file import load_functions

        return load_functions
    if name == "Recorder":
        from actcli.recording.recorder import Recorder

        return Recorder
    if name in __all__:
        from actcli import activations

        return getattr(activations, name)
    raise AttributeError(f"module 'actcli' has no attribute {name!r}")
