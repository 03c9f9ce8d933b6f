"""Turn their expressions into Liquid. What cannot be turned becomes nothing, and is told: citizens never see a raw expression."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from buergerdraht.dialogs import filling
from buergerdraht.dialogs.rapidpro import parsing
from buergerdraht.dialogs.rapidpro.naming import key
from buergerdraht.dialogs.rapidpro.parsing import Tree, Unparsed


class Untold(Exception):
    """There is no Liquid for it."""


@dataclass
class Scope:
    """What names mean here. `last`: the answer that "input" is; `takes`: what calls bring, path -> answer."""

    last: str = ""
    takes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Filled:
    """A text in Liquid, and the expressions that were lost from it."""

    text: str
    lost: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        if not self.lost:
            return ""
        named = ", ".join(f"@{each[:60]}" for each in self.lost[:5])
        return _("Platzhalter ließ sich nicht übertragen und bleibt leer: %(names)s.") % {"names": named}


def translate(text: str, scope: Scope, *, spoken: bool = True) -> Filled:
    """Turn a text with expressions into Liquid. `spoken`: people read it, so dates are written as they write them."""
    out, lost = "", []
    writer = _Writer(scope, spoken)
    for is_expression, piece in parsing.pieces(text):
        if not is_expression:
            out += re.sub(r"\{(?=[{%]|$)", '{{ "{" }}', piece)
            continue
        try:
            liquid = writer.output(parsing.tree(piece))
            if filling.problem(liquid):
                raise Untold
            out += liquid
        except (Untold, Unparsed, RecursionError):
            lost.append(piece)
    return Filled(out, tuple(lost))


def path_of(text: str) -> str:
    """Give the name that a text is nothing but ("@results.age", "@(results.age)"), else ""."""
    found = list(parsing.pieces(text.strip()))
    if len(found) != 1 or not found[0][0]:
        return ""
    try:
        tree = parsing.tree(found[0][1])
    except (Unparsed, RecursionError):
        return ""
    return tree.value.lower() if tree.kind == "path" else ""


def paths(text: str) -> set[str]:
    """Give all names that a text's expressions speak of."""
    found: set[str] = set()

    def look(tree: Tree) -> None:
        if tree.kind == "path":
            found.add(tree.value)
        for each in tree.parts:
            look(each)

    for is_expression, piece in parsing.pieces(text):
        if is_expression:
            try:
                look(parsing.tree(piece))
            except (Unparsed, RecursionError):
                continue
    return found


def has_any(text: str) -> bool:
    return any(is_expression for is_expression, _piece in parsing.pieces(text))


# ── Names ─────────────────────────────────────────────────────────────────


def name_of(path: str, scope: Scope) -> str:
    """Give the Liquid name for theirs. Raises Untold."""
    parts = path.lower().split(".")
    if parts[0] in {"child", "parent", "run"} and len(parts) > 1:  # a part and its whole share their answers
        parts = parts[2:] if parts[1] == "run" else parts[1:]
        if not parts or parts[0] not in {"results", "fields", "contact"}:
            raise Untold
    if taken := scope.takes.get(".".join(parts)):
        return f"answers.{taken}"
    root, rest = parts[0], parts[1:]
    if root == "fields" and rest:
        return f"contact.fields.{rest[0]}"
    if root == "contact":
        return _contact(rest)
    if root == "results" and rest:
        return _result(rest)
    if root == "locals" and rest:
        return f"answers.{local(rest[0])}"
    if root == "input" and scope.last and rest in ([], ["text"], ["value"]):
        return f"answers.{scope.last}"
    raise Untold


def _contact(rest: Sequence[str]) -> str:
    if not rest:
        return "contact.name"
    if rest[0] == "fields" and len(rest) > 1:
        return f"contact.fields.{rest[1]}"
    if rest[0] in {"name", "first_name", "language"}:
        return f"contact.{rest[0]}"
    raise Untold


def _result(rest: Sequence[str]) -> str:
    name = answer(rest[0])
    if rest[1:] in ([], ["value"], ["values"], ["input"]):
        return f"answers.{name}"
    if rest[1] in {"category", "category_localized", "categories"}:
        return f"answers.{category(rest[0])}"
    raise Untold


def answer(result: str) -> str:
    """The name of an answer, for a result's name or key."""
    return key(result, "answer")


def category(result: str) -> str:
    return f"{answer(result)[:31]}_category"


def local(name: str) -> str:
    return key(f"local_{name}", "local")


# ── Liquid ────────────────────────────────────────────────────────────────

DATE, MOMENT, CLOCK, PLAIN_DATE = "%d.%m.%Y", "%d.%m.%Y %H:%M", "%H:%M", "%Y-%m-%d"
LAYOUT = {
    "YYYY": "%Y", "YY": "%y", "MMMM": "%B", "MMM": "%b", "MM": "%m", "M": "%-m", "DD": "%d", "D": "%-d", "EEEE": "%A", "EEE": "%a",
    "tt": "%H", "t": "%-H", "hh": "%I", "h": "%-I", "mm": "%M", "m": "%-M", "ss": "%S", "s": "%-S", "aa": "%p", "AA": "%p",
}  # fmt: skip
SECONDS = {"D": 86_400, "W": 604_800, "h": 3_600, "m": 60, "s": 1}
FILTERS = {  # one argument, one filter or several
    "upper": "upcase", "lower": "downcase", "trim": "strip", "trim_left": "lstrip", "trim_right": "rstrip", "url_encode": "url_encode",
    "first_word": 'split: " " | first', "remove_first_word": 'split: " " | slice: 1, 500 | join: " "', "word_count": 'split: " " | size',
    "text_length": "size", "length": "size", "len": "size", "count": "size", "capitalize": "capitalize", "reverse": "reverse",
}  # fmt: skip
NUMBERS = {"abs": "abs", "round_up": "ceil", "round_down": "floor", "roundup": "ceil", "rounddown": "floor", "number": "plus: 0"}
PAIRS = {"mod": "modulo", "min": "at_most", "max": "at_least"}
DATES = {"format_date": DATE, "format_datetime": MOMENT, "format_time": CLOCK, "weekday": "%w", "year": "%Y", "month": "%-m", "day": "%-d"}
SAME = frozenset({"text", "datetime", "date", "time", "format", "format_number", "fixed", "html_decode", "clean"})


class _Writer:
    """Writes one text's expressions. A filter takes only simple names beside it, so what is longer is put into a variable first."""

    def __init__(self, scope: Scope, spoken: bool) -> None:
        self.scope, self.spoken, self.count = scope, spoken, 0

    def output(self, tree: Tree) -> str:
        if tree.kind == "text":
            return re.sub(r"\{(?=[{%]|$)", '{{ "{" }}', tree.value)
        if tree.kind == "number":
            return tree.value
        if tree.kind == "call" and tree.value == "if" and len(tree.parts) == 3:
            before, condition = self.condition(tree.parts[0])
            return f"{before}{{% if {condition} %}}{self.output(tree.parts[1])}{{% else %}}{self.output(tree.parts[2])}{{% endif %}}"
        if tree.kind == "sign" and tree.value == "&":
            return "".join(self.output(each) for each in tree.parts)
        if tree.kind == "call" and tree.value in {"now", "today"}:
            wanted = MOMENT if tree.value == "now" else DATE
            return f'{{{{ "now" | date: "{wanted if self.spoken else PLAIN_DATE}" }}}}'
        before, chain = self.value(tree)
        return f"{before}{{{{ {chain} }}}}"

    def variable(self) -> str:
        self.count += 1
        return f"t{self.count}"

    def simple(self, tree: Tree, *, as_number: bool = False, as_date: bool = False) -> tuple[str, str]:
        """Give a value that may stand beside a filter: what goes before, and a name or constant."""
        before, chain = self.number(tree) if as_number else self.moment(tree) if as_date else self.value(tree)
        if " | " not in chain:
            return before, chain
        name = self.variable()
        return f"{before}{{% assign {name} = {chain} %}}", name

    def value(self, tree: Tree) -> tuple[str, str]:
        if tree.kind == "number" or tree.kind == "word":
            return "", {"null": "nil"}.get(tree.value, tree.value)
        if tree.kind == "text":
            return self.text(tree.value)
        if tree.kind == "path":
            return "", name_of(tree.value, self.scope)
        if tree.kind == "at":
            before, name = self.list_of(tree.parts[0])
            if tree.parts[1].kind != "number":
                raise Untold
            return before, f"{name}[{tree.parts[1].value}]"
        if tree.kind == "call":
            return self.call(tree.value, tree.parts)
        return self.sign(tree)

    def list_of(self, tree: Tree) -> tuple[str, str]:
        """Only what `split` gives is a list here."""
        if not (tree.kind == "call" and tree.value == "split"):
            raise Untold
        return self.simple(tree)

    def text(self, value: str) -> tuple[str, str]:
        if '"' not in value:
            return "", f'"{value}"'
        if "'" not in value:
            return "", f"'{value}'"
        raise Untold

    def number(self, tree: Tree) -> tuple[str, str]:
        """A number, as it was kept and not as people read it."""
        before, chain = self.value(tree)
        if tree.kind == "path":
            return before, f"{chain.replace('answers.', 'raw.', 1)} | plus: 0"
        if tree.kind in {"number", "sign"} or (tree.kind == "call" and tree.value in {*NUMBERS, *PAIRS}):
            return before, chain
        return before, f"{chain} | plus: 0"

    def moment(self, tree: Tree) -> tuple[str, str]:
        if tree.kind == "call" and tree.value in {"now", "today"}:
            return "", '"now"'
        if tree.kind == "call" and tree.value in {"datetime", "date"} and len(tree.parts) == 1:
            return self.moment(tree.parts[0])
        before, chain = self.value(tree)
        return before, chain.replace("answers.", "raw.", 1) if tree.kind == "path" else chain

    def sign(self, tree: Tree) -> tuple[str, str]:
        left, right = tree.parts
        if tree.value in {"+", "-", "*"}:
            before, chain = self.number(left)
            more, name = self.simple(right, as_number=True)
            return before + more, f"{chain} | {({'+': 'plus', '-': 'minus', '*': 'times'})[tree.value]}: {name}"
        if tree.value == "&":
            name = self.variable()
            return f"{{% capture {name} %}}{self.output(left)}{self.output(right)}{{% endcapture %}}", name
        if tree.value in {"/", "^"}:
            raise Untold
        return self.judged(*self.condition(tree))

    def judged(self, before: str, condition: str) -> tuple[str, str]:
        name = self.variable()
        yes, no = f"{{% assign {name} = true %}}", f"{{% assign {name} = false %}}"
        return f"{before}{{% if {condition} %}}{yes}{{% else %}}{no}{{% endif %}}", name

    def condition(self, tree: Tree) -> tuple[str, str]:
        """Something that is so or not: what goes before, and what stands in an `if`."""
        if tree.kind == "sign" and tree.value in {"=", "!=", "<", "<=", ">", ">="}:
            numbers = tree.value not in {"=", "!="} or any(each.kind == "number" for each in tree.parts)
            found = [self.side(each, numbers) for each in tree.parts]
            sign = "==" if tree.value == "=" else tree.value
            return found[0][0] + found[1][0], f"{found[0][1]} {sign} {found[1][1]}"
        if tree.kind == "call" and tree.value in {"and", "or"} and tree.parts:
            found = [self.simple_condition(each) for each in tree.parts]
            return "".join(before for before, _name in found), f" {tree.value} ".join(name for _before, name in found)
        if tree.kind == "call" and tree.value in {"has_text", "boolean"} and tree.parts:
            return self.condition(tree.parts[0])
        if tree.kind == "word":
            return "", tree.value
        before, name = self.simple(tree)
        return before, f'{name} and {name} != ""'

    def side(self, tree: Tree, numbers: bool) -> tuple[str, str]:
        """One side of a comparison: as numbers, or as words in small letters."""
        if numbers:
            return self.simple(tree, as_number=True)
        if tree.kind == "text":
            return self.text(tree.value.lower())
        if tree.kind == "word":
            return self.value(tree)
        before, chain = self.value(tree)
        name = self.variable()
        return f"{before}{{% assign {name} = {chain} | downcase %}}", name

    def simple_condition(self, tree: Tree) -> tuple[str, str]:
        before, condition = self.condition(tree)
        return (before, condition) if " and " not in condition and " or " not in condition else self.judged(before, condition)

    def call(self, name: str, parts: Sequence[Tree]) -> tuple[str, str]:
        if name in SAME and parts:
            return self.value(parts[0])
        if name in FILTERS and parts:
            before, chain = self.value(parts[0])
            return before, f"{chain} | {FILTERS[name]}"
        if name in NUMBERS and parts:
            before, chain = self.number(parts[0])
            return before, chain if NUMBERS[name] in chain else f"{chain} | {NUMBERS[name]}"
        if name in PAIRS and len(parts) == 2:
            before, chain = self.number(parts[0])
            more, second = self.simple(parts[1], as_number=True)
            return before + more, f"{chain} | {PAIRS[name]}: {second}"
        if name in DATES and parts:
            before, chain = self.moment(parts[0])
            return before, f'{chain} | date: "{layout(parts[1]) if len(parts) > 1 else DATES[name]}"'
        written = _CALLS.get(name)
        if written is None or (not parts and name not in {"now", "today"}):
            raise Untold
        try:
            return written(self, parts)
        except (IndexError, ValueError):
            raise Untold from None


def layout(tree: Tree) -> str:
    """Turn "DD-MM-YYYY" into "%d-%m-%Y"."""
    if tree.kind != "text" or '"' in tree.value:
        raise Untold
    return re.sub("|".join(sorted(LAYOUT, key=len, reverse=True)), lambda found: LAYOUT[found[0]], tree.value.replace("%", "%%"))


def _whole(tree: Tree) -> int:
    if tree.kind == "sign" and tree.value == "-" and tree.parts[0] == Tree("number", "0"):
        return -_whole(tree.parts[1])
    if tree.kind != "number":
        raise Untold
    return int(tree.value)


Written = tuple[str, str]


def _default(writer: _Writer, parts: Sequence[Tree]) -> Written:
    before, chain = writer.value(parts[0])
    more, other = writer.simple(parts[1])
    return before + more, f"{chain} | default: {other}"


def _replace(writer: _Writer, parts: Sequence[Tree]) -> Written:
    before, chain = writer.value(parts[0])
    more, old = writer.simple(parts[1])
    most, new = writer.simple(parts[2])
    return before + more + most, f"{chain} | replace: {old}, {new}"


def _word(writer: _Writer, parts: Sequence[Tree]) -> Written:
    before, chain = writer.value(parts[0])
    number = _whole(parts[1])
    name = writer.variable()
    before += f'{{% assign {name} = {chain} | split: " " %}}'
    return before, f"{name}[{number}]" if number >= 0 else f"{name} | last"


def _field(writer: _Writer, parts: Sequence[Tree]) -> Written:
    before, chain = writer.value(parts[0])
    more, mark = writer.simple(parts[2]) if len(parts) > 2 else ("", '" "')
    name = writer.variable()
    return f"{before}{more}{{% assign {name} = {chain} | split: {mark} %}}", f"{name}[{_whole(parts[1])}]"


def _split(writer: _Writer, parts: Sequence[Tree]) -> Written:
    before, chain = writer.value(parts[0])
    more, mark = writer.simple(parts[1]) if len(parts) > 1 else ("", '" "')
    return before + more, f"{chain} | split: {mark}"


def _join(writer: _Writer, parts: Sequence[Tree]) -> Written:
    before, name = writer.list_of(parts[0])
    more, mark = writer.simple(parts[1])
    return before + more, f"{name} | join: {mark}"


def _slice(writer: _Writer, parts: Sequence[Tree]) -> Written:
    before, chain = writer.value(parts[0])
    begins, ends = _whole(parts[1]), _whole(parts[2]) if len(parts) > 2 else 10_000
    if begins < 0 or ends < begins:
        raise Untold
    return before, f"{chain} | slice: {begins}, {ends - begins}"


def _left(writer: _Writer, parts: Sequence[Tree]) -> Written:
    before, chain = writer.value(parts[0])
    return before, f"{chain} | slice: 0, {max(0, _whole(parts[1]))}"


def _title(writer: _Writer, parts: Sequence[Tree]) -> Written:
    before, chain = writer.value(parts[0])
    name, words = writer.variable(), writer.variable()
    each = '{{ part | capitalize }}{% unless forloop.last %}{{ " " }}{% endunless %}'
    before += f'{{% assign {words} = {chain} | split: " " %}}'
    return f"{before}{{% capture {name} %}}{{% for part in {words} %}}{each}{{% endfor %}}{{% endcapture %}}", name


def _round(writer: _Writer, parts: Sequence[Tree]) -> Written:
    before, chain = writer.number(parts[0])
    places = _whole(parts[1]) if len(parts) > 1 else 0
    return before, f"{chain} | round: {places}" if places else f"{chain} | round"


def _add(writer: _Writer, parts: Sequence[Tree]) -> Written:
    if parts[2].kind != "text":
        raise Untold
    seconds = SECONDS.get(parts[2].value)
    if seconds is None:
        raise Untold
    before, chain = writer.moment(parts[0])
    more, many = writer.simple(Tree("sign", "*", (parts[1], Tree("number", str(seconds)))), as_number=True)
    pattern = (DATE if seconds >= SECONDS["D"] else MOMENT) if writer.spoken else "%Y-%m-%dT%H:%M"
    return before + more, f'{chain} | date: "%s" | plus: {many} | date: "{pattern}"'


def _if(writer: _Writer, parts: Sequence[Tree]) -> Written:
    before, condition = writer.condition(parts[0])
    name = writer.variable()
    found = [writer.value(each) for each in parts[1:3]]
    ways = [f"{ahead}{{% assign {name} = {chain} %}}" for ahead, chain in found]
    return f"{before}{{% if {condition} %}}{ways[0]}{{% else %}}{ways[1]}{{% endif %}}", name


def _judge(name: str) -> Callable[[_Writer, Sequence[Tree]], Written]:
    return lambda writer, parts: writer.judged(*writer.condition(Tree("call", name, tuple(parts))))


def _today(writer: _Writer, parts: Sequence[Tree]) -> Written:
    return "", f'"now" | date: "{DATE if writer.spoken else PLAIN_DATE}"'


def _percent(writer: _Writer, parts: Sequence[Tree]) -> Written:
    before, chain = writer.number(parts[0])
    return before, f'{chain} | times: 100 | round | append: "%"'


_CALLS: dict[str, Callable[[_Writer, Sequence[Tree]], Written]] = {
    "default": _default, "replace": _replace, "substitute": _replace, "word": _word, "field": _field, "split": _split, "join": _join,
    "text_slice": _slice, "left": _left, "title": _title, "proper": _title, "round": _round, "datetime_add": _add, "if": _if,
    "and": _judge("and"), "or": _judge("or"), "now": _today, "today": _today, "percent": _percent,
}  # fmt: skip
