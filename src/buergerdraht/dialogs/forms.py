"""The forms of the editor: a step's values become fields in one language, and come back as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from buergerdraht.dialogs import conditions, document, editing, kinds
from buergerdraht.dialogs.fields import FIELDS, HEAD, PICKS, ROWS, Spec
from buergerdraht.dialogs.knowing import House
from buergerdraht.dialogs.labels import Labels

LANGUAGES = {
    "de": "Deutsch", "en": "English", "tr": "Türkçe", "uk": "Українська", "ru": "Русский", "ar": "العربية", "pl": "Polski",
    "fr": "Français", "es": "Español", "it": "Italiano", "ro": "Română", "bg": "Български", "fa": "فارسی",
}  # fmt: skip
TRIGGERS = (
    ("words", gettext_lazy("jemand schreibt")), ("menu", gettext_lazy("Hauptmenü")), ("link", gettext_lazy("Link oder QR-Code")),
    ("button", gettext_lazy("Knopf einer Rundnachricht")), ("first_contact", gettext_lazy("erste Nachricht überhaupt")),
    ("time", gettext_lazy("täglich zu einer Uhrzeit")), ("event", gettext_lazy("Ereignis aus einem Fachverfahren")),
)  # fmt: skip


@dataclass(frozen=True)
class Setup:
    """What a form stands in: the draft, the language at hand, the house."""

    draft: Mapping[str, Any]
    language: str
    house: House

    @cached_property
    def labels(self) -> Labels:
        return Labels(self.draft, self.language)


class StepForm(forms.Form):
    """The fields of one step, made from `FIELDS`."""

    def __init__(self, values: Mapping[str, Any], setup: Setup, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id=f"{values['id']}-%s", use_required_attribute=False)
        self.values, self.setup = values, setup
        kind = str(values["kind"])
        self.specs = [each for each in FIELDS[kind] if not each.wants or values.get("want", "text") in each.wants.split()]
        for spec in self.specs:
            self.fields[spec.name] = _field(spec, values, setup)
            self.fields[spec.name].required = data is None  # only what is said beside the label: an empty field is kept, too
        self.rows = ROWS.get(kind, ())

    @property
    def lead(self) -> list[forms.BoundField]:
        """What stands before the lists: the text, or the table that is looked up in."""
        return [self[spec.name] for spec in self.specs[:1] if spec.name in {"text", "table"}]

    @property
    def rest(self) -> list[forms.BoundField]:
        return [self[spec.name] for spec in self.specs[len(self.lead) :] if not spec.more]

    @property
    def more(self) -> list[forms.BoundField]:
        return [self[spec.name] for spec in self.specs if spec.more]

    def written(self) -> dict[str, Any]:
        """The step's values as the form has them now. Call it after `is_valid`."""
        values = deepcopy(dict(self.values))
        for spec in self.specs:
            _write(values, spec, self.cleaned_data[spec.name], self.setup.language)
        data = self.data
        assert isinstance(data, QueryDict)
        for name in self.rows:
            values[name] = ROW_READERS[name](data, values, self.setup)
            if not values[name]:
                del values[name]
        return values


class HeadForm(forms.Form):
    """What belongs to the dialog as a whole: title, languages, silence, what begins it."""

    def __init__(self, setup: Setup, data: QueryDict | None = None) -> None:
        super().__init__(data, auto_id="kopf-%s", use_required_attribute=False)
        self.setup, self.values = setup, editing.head_of(setup.draft)
        for spec in HEAD:
            self.fields[spec.name] = _field(spec, self.values, setup)
            self.fields[spec.name].required = data is None

    def written(self) -> dict[str, Any]:
        values = deepcopy(self.values)
        for spec in HEAD:
            _write(values, spec, self.cleaned_data[spec.name], self.setup.language)
        values["languages"] = values.get("languages") or [self.setup.language]
        assert isinstance(self.data, QueryDict)
        values["triggers"] = _read_triggers(self.data, values, self.setup)
        return values


class NewForm(forms.Form):
    title = forms.CharField(label=gettext_lazy("Titel"), max_length=80, help_text=gettext_lazy("So steht er auch im Menü der Menschen."))


class FileForm(forms.Form):
    file = forms.FileField(label=gettext_lazy("Datei"))


# ── A field ───────────────────────────────────────────────────────────────


def _field(spec: Spec, values: Mapping[str, Any], setup: Setup) -> forms.Field:
    found = _value(values, spec, setup.language)
    common: dict[str, Any] = {"label": spec.label, "required": False, "help_text": spec.help, "initial": found}
    if spec.shape in {"text", "note"}:
        rows = {"text": 3, "note": 2}[spec.shape]
        attrs: dict[str, Any] = {"rows": rows, "data-text": True} if spec.shape == "text" else {"rows": rows}
        if spec.shape == "text":
            attrs |= {"lang": setup.language, "dir": "auto"}
        return forms.CharField(**common, max_length=10_000 if spec.shape == "text" else 2_000, widget=forms.Textarea(attrs))
    if spec.shape == "end":
        return forms.CharField(**{**common, "initial": conditions.end_shown(found)}, max_length=40)
    if spec.shape in {"line", "fill"}:
        return forms.CharField(**common, max_length=2_000, widget=forms.TextInput({"data-text": True, "dir": "auto"}))
    if spec.shape == "number":
        default = _default(spec, values)
        return forms.IntegerField(
            **{**common, "initial": default if found == "" else found}, min_value=spec.least, max_value=spec.most or None
        )
    if spec.shape == "flag":
        return forms.BooleanField(**{**common, "initial": bool(found)})
    if spec.shape == "goal":
        initial = found if found != "" or _goal_named(values, spec) else str(_default(spec, values))
        return forms.ChoiceField(**{**common, "initial": initial}, choices=setup.labels.goals(str(values["id"]), initial))
    if spec.shape == "many":
        choices = _with(_choices(spec.pick, setup), found or [])
        return forms.MultipleChoiceField(**common, choices=choices, widget=forms.CheckboxSelectMultiple)
    if spec.shape == "column":
        columns = [(f"{key}.{column}", f"{title}: {column}") for key, (title, listed) in setup.house.tables.items() for column in listed]
        check = values.get("check", {})
        common["initial"] = f"{check['table']}.{check.get('column', '')}" if check.get("table") else ""
        return forms.ChoiceField(**common, choices=_with([("", _("in keiner")), *columns], [common["initial"]]))
    if spec.shape == "pick":
        initial = found if found != "" else str(_default(spec, values))
        choices = _with(_choices(spec.pick, setup), [initial])
        return forms.ChoiceField(**{**common, "initial": initial}, choices=choices)
    return forms.CharField(**common, max_length=2_000)


def _choices(pick: str, setup: Setup) -> list[tuple[str, Any]]:
    house = setup.house
    if pick == "wants":
        return [(key, title) for key, (title, _icon) in kinds.WANTS.items()]
    if pick == "teams":
        return [("", _("wer gerade da ist")), *((team, team) for team in house.teams)]
    if pick == "categories":
        return [("", _("keine: nur ein Hinweis an das Team")), *house.categories.items()]
    if pick == "templates":
        return [("", _("keine")), *((name, name) for name in sorted({*house.templates, *filter(None, [setup.draft.get("template")])}))]
    if pick == "tables":
        return [(key, title) for key, (title, _columns) in house.tables.items()]
    if pick == "places":
        return [("", _("nirgends: nach Werten suchen")), *setup.labels.answers("place")]
    if pick == "languages":
        listed = [*setup.draft.get("languages", ["de"]), *house.organisation.languages, *LANGUAGES]
        return [(each, LANGUAGES.get(each, each)) for each in dict.fromkeys(listed)]
    if pick in {"topics", "offers", "systems", "dialogs"}:
        return list(getattr(house, pick).items())
    return list(PICKS[pick])


def _with(choices: Sequence[tuple[str, Any]], chosen: Sequence[str]) -> list[tuple[str, Any]]:
    """What is chosen stays to be seen, though it is gone."""
    there = {key for key, _title in choices}
    return [*choices, *((each, _("%(name)s (gibt es nicht mehr)") % {"name": each}) for each in chosen if each and each not in there)]


def _holder(values: Mapping[str, Any], spec: Spec) -> tuple[Mapping[str, Any], str]:
    group, _dot, name = spec.path.rpartition(".")
    return (values.get(group, {}), name) if group else (values, spec.path)


def _value(values: Mapping[str, Any], spec: Spec, language: str) -> Any:
    holder, name = _holder(values, spec)
    found = holder.get(name, "")
    return (found or {}).get(language, "") if spec.shape in {"text", "line"} else found


def _goal_named(values: Mapping[str, Any], spec: Spec) -> bool:
    return spec.path in values


def _default(spec: Spec, values: Mapping[str, Any]) -> Any:
    model: Any = document.Dialog if "kind" not in values else next(
        each for each in document.KINDS if each.model_fields["kind"].default == values["kind"]
    )  # fmt: skip
    group, _dot, name = spec.path.rpartition(".")
    field = (document.Check if group else model).model_fields[name]
    return "" if field.is_required() else field.default


def _write(values: dict[str, Any], spec: Spec, given: Any, language: str) -> None:
    group, _dot, name = spec.path.rpartition(".")
    holder = values.setdefault(group, {}) if group else values
    if spec.shape in {"text", "line"}:
        texts = {**holder.get(name, {}), language: given}
        holder[name] = {each: text for each, text in texts.items() if text.strip()}
    elif spec.shape == "column":
        holder["table"], _dot, holder["column"] = str(given).partition(".")
    elif spec.shape == "end":
        holder[name] = conditions.end_meant(given)
    elif spec.shape == "number" and given is None:
        holder.pop(name, None)
    elif given == "" and spec.shape == "pick" and not _optional(spec):
        return
    else:
        holder[name] = given
    if name == "save" and not given:
        holder.pop(name, None)


def _optional(spec: Spec) -> bool:
    return spec.pick in {"teams", "places", "categories", "templates"}


# ── Rows ──────────────────────────────────────────────────────────────────


def _texts(before: Mapping[str, str], language: str, given: str) -> dict[str, str]:
    return {each: text for each, text in {**before, language: given.strip()}.items() if text}


def _listed(words: str) -> list[str]:
    return [word.strip()[:80] for word in words.split(",") if word.strip()]


def _read_options(data: QueryDict, values: Mapping[str, Any], setup: Setup) -> list[dict[str, Any]]:
    before = {each["id"]: each for each in values.get("options", [])}
    found: list[dict[str, Any]] = []
    for n in data.getlist("options"):
        given = {name: data.get(f"options-{n}-{name}", "") for name in ("id", "title", "description", "words", "next")}
        old = before.get(given["id"], {})
        title = _texts(old.get("title", {}), setup.language, given["title"][:200])
        if not title and not given["id"]:
            continue
        words = {**old.get("words", {}), setup.language: _listed(given["words"])}
        found.append({
            "id": given["id"] or _free([each["id"] for each in found] + list(before), editing.slug(given["title"], "wahl")),
            "title": title, "description": _texts(old.get("description", {}), setup.language, given["description"]),
            "words": {language: listed for language, listed in words.items() if listed}, "next": given["next"],
        })  # fmt: skip
    return found or [{"id": "wahl_1", "title": {}}]


def _read_cases(data: QueryDict, values: Mapping[str, Any], setup: Setup) -> list[dict[str, Any]]:
    found = []
    for n in data.getlist("cases"):
        when = [
            conditions.meant(
                data.get(f"cases-{n}-{m}-on", ""), data.get(f"cases-{n}-{m}-op", ""), data.get(f"cases-{n}-{m}-value", ""), setup.draft
            )
            for m in data.getlist(f"cases-{n}")
        ]  # fmt: skip
        if when:
            found.append({"when": when[:10], "next": data.get(f"cases-{n}-next", "")})
    return found or list(values.get("cases", []))[:1]


def _read_files(data: QueryDict, values: Mapping[str, Any], setup: Setup) -> list[dict[str, Any]]:
    before = {each["file"]: each.get("alt", {}) for each in values.get("files", [])}
    wanted = [(data.get(f"files-{n}-file", ""), data.get(f"files-{n}-alt", "")) for n in data.getlist("files")]
    return [{"file": file, "alt": _texts(before[file], setup.language, alt)} for file, alt in wanted if file in before]


def _read_pairs(name: str) -> Any:
    def read(data: QueryDict, values: Mapping[str, Any], setup: Setup) -> dict[str, str]:
        pairs = [(data.get(f"{name}-{n}-key", "").strip(), data.get(f"{name}-{n}-value", "").strip()) for n in data.getlist(name)]
        return {key: value for key, value in pairs if key}

    return read


MOST_WAIT = 10_080  # minutes an event waits: a week


def _read_triggers(data: QueryDict, values: Mapping[str, Any], setup: Setup) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    before = values.get("triggers", [])
    for n in data.getlist("triggers"):
        on = data.get(f"triggers-{n}-on", "words")
        old = before[int(n)] if n.isdigit() and int(n) < len(before) else {}
        new: dict[str, Any] = {"on": on, "channels": data.getlist(f"triggers-{n}-channels")}
        if on == "words":
            words = {**old.get("words", {}), setup.language: _listed(data.get(f"triggers-{n}-words", ""))}
            new |= {"words": {each: listed for each, listed in words.items() if listed}, "fuzzy": f"triggers-{n}-fuzzy" in data}
        elif on in {"link", "button", "event"}:
            new["name"] = data.get(f"triggers-{n}-name", "").strip()[:60]
            new |= _when_busy(data, n, old) if on == "event" else {}
        elif on == "time":
            time, days = data.get(f"triggers-{n}-time", ""), data.getlist(f"triggers-{n}-weekdays")
            new |= {"time": time, "weekdays": [int(day) for day in days if day.isdigit()], "topic": data.get(f"triggers-{n}-topic", "")}
        elif on == "menu" and (title := _texts(old.get("title", {}), setup.language, data.get(f"triggers-{n}-title", "")[:80])):
            new["title"] = title
        found.append(new)
    return found


def _when_busy(data: QueryDict, n: str, old: Mapping[str, Any]) -> dict[str, Any]:
    """What an event does while its citizen is in another dialog; the form speaks of hours."""
    minutes = int(old.get("wait_minutes", document.Trigger.model_fields["wait_minutes"].default))
    hours = data.get(f"triggers-{n}-hours", "")
    if hours.isdecimal() and len(hours) < 4 and int(hours) != max(1, minutes // 60):
        minutes = min(max(int(hours), 1) * 60, MOST_WAIT)
    return {"busy": "refuse" if data.get(f"triggers-{n}-busy", old.get("busy")) == "refuse" else "wait", "wait_minutes": minutes}


def _free(taken: Sequence[str], wish: str) -> str:
    return wish if wish not in taken else next(name for number in range(2, 99) if (name := f"{wish[:36]}_{number}") not in taken)


ROW_READERS: Mapping[str, Any] = {
    "options": _read_options, "cases": _read_cases, "files": _read_files, "body": _read_pairs("body"), "take": _read_pairs("take"),
    "match": _read_pairs("match"),
}  # fmt: skip
