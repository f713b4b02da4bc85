"""The module of a node: torch.onnx.export(dynamo=True) notes the modules around each operator in its metadata."""

import re
from collections.abc import Mapping

_SCOPES, _NAMESPACE = "pkg.torch.onnx.name_scopes", "namespace"
_QUOTED = re.compile(r"'([^'\\]*)'|\"([^\"\\]*)\"")
_CALL = re.compile(r"@[0-9]+$")
_LONGEST = 1 << 14
"""Characters of a node's metadata that are read; deeper modules than that do not exist."""


def module_path(metadata: Mapping[str, str]) -> str:
    """Return the path of the module that called a node: `blocks.1.relu`; empty where it is not noted, or the model.

    `name_scopes` lists the paths from the model down to the node: ['', 'blocks.1', 'blocks.1.relu', 'relu_1'];
    `namespace` holds the same with the classes: `: Net/blocks.1: Block/blocks.1.relu: ReLU/relu_1: aten.relu`. A
    second call of a module has the suffix @1, which is left out.
    """
    scopes = metadata.get(_SCOPES, "")[:_LONGEST]
    if scopes:
        paths = [single or double for single, double in _QUOTED.findall(scopes)]
    else:
        paths = [part.partition(": ")[0] for part in metadata.get(_NAMESPACE, "")[:_LONGEST].split("/")]
    return _CALL.sub("", paths[-2].strip()) if len(paths) > 1 else ""
