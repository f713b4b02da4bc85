"""A proof without data in every form of output."""

from collections.abc import Mapping, Sequence

from actcli.analysis.deadness.verdict import Unobserved
from actcli.analysis.proof.prove import Proof
from actcli.exits import UsageError
from actcli.render.deadness.proof.record import COLUMNS, layer_record, proof_record, unit_lines
from actcli.render.deadness.proof.sentences import proof_sentences
from actcli.render.deadness.proof.table import proof_rows, proof_table, unit_table
from actcli.render.output.documents import json_document, json_line, refuse_arrays, write_document
from actcli.render.output.layout import Layout
from actcli.render.output.surface import Surface
from actcli.render.text.delimited import delimited_text, guard_formula
from actcli.render.text.fields import field_text
from actcli.render.text.markdown import markdown_table
from actcli.terminal import Terminal

_NONE = {"junit", "html"}


def require_proof_format(form: str) -> None:
    """Raise UsageError for a format that a proof without data does not have."""
    if form in _NONE:
        raise UsageError(
            f"--prove without --data has no {form}; use json, csv, markdown or table, or add --data"
        )


def write_proof(
    proof: Proof,
    ops: Mapping[str, str],
    unobserved: Sequence[Unobserved],
    layout: Layout,
    *,
    terminal: Terminal,
    units: bool,
) -> None:
    """Write a proof in the layout's format; units: whether a table lists every decided unit."""
    refuse_arrays(layout, "a proof")
    sentences = proof_sentences(proof, unobserved)
    match layout.format:
        case "json":
            left_out = [{"name": one.name, "op": one.op, "reason": one.reason} for one in unobserved]
            text = json_document(
                {"proof": proof_record(proof), "sentences": sentences, "not_observed": left_out}
            )
        case "jsonl":
            text = "".join(json_line(layer_record(layer)) for layer in proof.layers)
        case "markdown":
            parts = [markdown_table([["Proof"], *([sentence] for sentence in sentences)])]
            parts.append(markdown_table(proof_rows(proof, ops, ())))
            text = "\n".join(parts)
        case "table":
            from textwrap import fill

            surface = Surface.of(terminal, to_file=layout.path is not None)
            text = proof_table(proof, ops, (), surface)
            if units:
                text += f"\n{unit_table(proof, surface)}"
            if not layout.is_piped_table(terminal):
                text += "\n" + "".join(f"{fill(sentence, surface.width)}\n" for sentence in sentences)
        case _:
            rows = [
                [guard_formula(str(name), layout.format), *map(field_text, rest)]
                for name, *rest in unit_lines(proof)
            ]
            text = delimited_text([list(COLUMNS), *rows], layout.format)
    write_document(text, layout, terminal)
