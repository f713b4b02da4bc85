"""Where code loses NaN: in conditions, of which both branches are numbers."""

from actcli.activations.formula.tree import (
    Binary,
    Call,
    Catalogued,
    Compare,
    Conditional,
    Logic,
    Node,
    Not,
    Number,
    Variable,
    children,
    walk,
)


def keep_nan_of_pair(tree: Node, g: Variable, u: Variable) -> Node:
    """Return the tree of a pair; NaN of one input must not be lost behind the other."""
    loses = (Conditional, Compare, Logic, Not)
    if not any(isinstance(p, loses) or (isinstance(p, Call) and p.name == "sign") for p in walk(tree)):
        return tree
    lost = Logic("or", Call("isnan", (g,)), Call("isnan", (u,)))
    return Conditional(lost, Binary("+", g, u), tree)


def keeps_nan(node: Node) -> bool:
    """Return whether the result is certainly NaN where x is NaN."""
    match node:
        case Variable():
            return True
        case Conditional(condition, then, otherwise):
            return keeps_nan(otherwise) and (_fails_at_nan(condition) or keeps_nan(then))
        case Binary("^", base, exponent):
            of_exponent = base != Number(1.0) and keeps_nan(exponent)
            return exponent != Number(0.0) and (keeps_nan(base) or of_exponent)
        case Compare() | Logic() | Not() | Call("sign"):
            return False
        case Catalogued(_, argument):
            return keeps_nan(argument)
        case _:
            return any(keeps_nan(part) for part in children(node))


def _fails_at_nan(condition: Node) -> bool:
    match condition:
        case Compare(operator, left, right):
            return operator != "!=" and (keeps_nan(left) or keeps_nan(right))
        case Logic("and", left, right):
            return _fails_at_nan(left) or _fails_at_nan(right)
        case Logic("or", left, right):
            return _fails_at_nan(left) and _fails_at_nan(right)
        case _:
            return False
