"""Invented exports in the shape of theirs, written short: nodes by name, ways by the names of categories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Raw = dict[str, Any]


def flow(name: str, *nodes: Raw, language: str = "deu", **more: Any) -> Raw:
    return {
        "uuid": f"flow-{name}",
        "name": name,
        "type": "messaging",
        "language": language,
        "spec_version": "13.6.1",
        "revision": 3,
        "expire_after_minutes": 600,
        "localization": {},
        "nodes": list(nodes),
        "_ui": {"nodes": {}},
        **more,
    }


def export(*flows: Raw, **more: Any) -> Raw:
    return {
        "version": "13",
        "site": "https://beispiel.invalid",
        "flows": list(flows),
        "campaigns": [],
        "triggers": [],
        "fields": [],
        "groups": [],
        **more,
    }


def node(uuid: str, *actions: Raw, to: str | None = None) -> Raw:
    numbered = [{"uuid": f"{uuid}.{place}", **action} for place, action in enumerate(actions)]
    return {"uuid": uuid, "actions": numbered, "exits": [{"uuid": f"{uuid}.out", "destination_uuid": to}]}


def msg(text: str, *quick: str, **more: Any) -> Raw:
    return {"type": "send_msg", "text": text, "quick_replies": list(quick), "attachments": [], **more}


def say(uuid: str, text: str, *quick: str, to: str | None = None, **more: Any) -> Raw:
    return node(uuid, msg(text, *quick, **more), to=to)


Case = tuple[str, Sequence[str], str]  # test, arguments, category


def router(
    uuid: str, cases: Sequence[Case], ways: Mapping[str, str | None], *actions: Raw, operand: str = "@input.text", **more: Any
) -> Raw:
    """A node with a switch; its last way is the default."""
    timeout, hint, wait = more.pop("timeout", None), more.pop("hint", ""), more.pop("wait", False)
    categories = [{"uuid": f"{uuid}.{name}", "name": name, "exit_uuid": f"{uuid}.{name}.out"} for name in ways]
    found: Raw = {
        "type": "switch",
        "operand": operand,
        "categories": categories,
        "default_category_uuid": f"{uuid}.{[*ways][-1]}",
        "cases": [
            {"uuid": f"{uuid}.case{place}", "type": test, "arguments": list(arguments), "category_uuid": f"{uuid}.{category}"}
            for place, (test, arguments, category) in enumerate(cases)
        ],
        **more,
    }
    if wait:
        found["wait"] = {"type": "msg"}
        if timeout:
            found["wait"]["timeout"] = {"seconds": timeout[0], "category_uuid": f"{uuid}.{timeout[1]}"}
        if hint:
            found["wait"]["hint"] = {"type": hint}
    made = node(uuid, *actions)
    return {**made, "router": found, "exits": [{"uuid": f"{uuid}.{name}.out", "destination_uuid": to} for name, to in ways.items()]}


def wait(uuid: str, cases: Sequence[Case], ways: Mapping[str, str | None], *actions: Raw, result: str = "", **more: Any) -> Raw:
    return router(uuid, cases, ways, *actions, wait=True, result_name=result, **more)


def lot(uuid: str, ways: Mapping[str, str | None]) -> Raw:
    made = router(uuid, [], ways)
    made["router"] = {"type": "random", "categories": made["router"]["categories"]}
    return made


def enter(name: str, terminal: bool = False) -> Raw:
    return {"type": "enter_flow", "flow": {"uuid": f"flow-{name}", "name": name}, "terminal": terminal}


def keep(name: str, value: str) -> Raw:
    return {"type": "set_contact_field", "field": {"key": name, "name": name.title()}, "value": value}


def join(*names: str, leaving: bool = False) -> Raw:
    return {
        "type": "remove_contact_groups" if leaving else "add_contact_groups",
        "groups": [{"uuid": f"g-{name}", "name": name} for name in names],
    }


def count(raw: Raw) -> int:
    """So many items an export holds, counted apart from the importer."""
    found = sum(len(raw.get(name, [])) for name in ("triggers", "campaigns", "fields", "groups"))
    for each in raw["flows"]:
        found += len(each.get("keywords", []))
        inner = each.get("definition", each)
        for one in inner["nodes"]:
            found += len(one["actions"])
            found += sum(len(action.get("attachments", [])) + len(action.get("quick_replies", [])) for action in one["actions"])
            if "router" in one:
                found += 1 + len(one["router"].get("cases", [])) + ("timeout" in one["router"].get("wait", {}))
        found += sum(len(properties) for items in inner["localization"].values() for properties in items.values())
    return found


# ── Whole ones ────────────────────────────────────────────────────────────


def bulky() -> Raw:
    """A menu with buttons in two languages, a loop for what is not understood, a number, a part, a hand-over."""
    main = flow(
        "Sperrmüll",
        node("a", msg("Guten Tag @contact.first_name! Hier ist die Stadt."), to="b"),
        say("b", "Was möchten Sie tun?", "Abholung", "Selbst bringen", to="c"),
        wait(
            "c",
            [
                ("has_any_word", ["abholung abholen"], "Holen"),
                ("has_only_phrase", ["selbst bringen"], "Bringen"),
                ("has_any_word", ["hilfe_da"], "Mensch"),
            ],
            {"Holen": "d", "Bringen": "y", "Mensch": "z", "Other": "x"},
            result="Wunsch",
        ),
        say("x", "Das kenne ich nicht.", to="b"),
        say("d", "Wie viele Teile sind es?", to="e"),
        wait("e", [("has_number_between", ["1", "10"], "Zahl")], {"Zahl": "f", "Other": "e2"}, result="Teile"),
        say("e2", "Bitte eine Zahl von 1 bis 10.", to="e"),
        node("f", enter("Adresse"), to="g"),
        node(
            "g",
            keep("teile", "@results.teile"),
            msg("Danke: @results.teile Teile in @results.strasse. Bis bald, @(upper(contact.first_name))!"),
        ),
        say("y", "Der Hof hat montags bis samstags offen."),
        node(
            "z",
            {"type": "open_ticket", "topic": {"uuid": "t", "name": "Bauhof"}, "body": "Braucht Hilfe", "result_name": "ticket"},
            to="z2",
        ),
        say("z2", "Gleich meldet sich jemand."),
        localization={
            "eng": {
                "a.0": {"text": ["Hello @contact.first_name! This is the town."]},
                "b.0": {"text": ["What would you like to do?"], "quick_replies": ["Collection", "Bring it myself"]},
                "c.case0": {"arguments": ["collection collect"]},
                "c.Holen": {"name": ["Collect"]},
                "x.0": {"text": ["I do not know that."]},
            },
            "klingon": {"a.0": {"text": ["nuqneH"]}},
        },
    )
    part = flow("Adresse", say("a", "In welcher Straße?", to="b"), wait("b", [], {"All Responses": None}, result="Strasse"))
    triggers = [
        {"trigger_type": "K", "keyword": "sperrmüll", "flow": {"uuid": "flow-Sperrmüll", "name": "Sperrmüll"}, "match_type": "O"},
        {"trigger_type": "S", "flow": {"uuid": "flow-Sperrmüll", "name": "Sperrmüll"}, "schedule": {"repeat_period": "W"}},
        {"trigger_type": "C", "flow": {"uuid": "flow-fort", "name": "Fort"}},
    ]
    return export(main, part, triggers=triggers, groups=[{"name": "Alle"}], fields=[{"key": "teile", "name": "Teile"}])


def permit() -> Raw:
    """A webhook with both ways, a timeout that reminds, one that ends, groups, a status, mail, an attachment."""
    return export(
        flow(
            "Antrag prüfen",
            say("a", "Wie lautet das Aktenzeichen?", to="b", attachments=["image:https://bilder.beispiel.invalid/muster.png"]),
            wait(
                "b",
                [("has_pattern", [r"^[A-Z]{2}-\d+$"], "Zeichen")],
                {"Zeichen": "c", "No Response": "b2", "Other": "a"},
                result="Aktenzeichen",
                timeout=(3600, "No Response"),
            ),
            say("b2", "Sind Sie noch da?", to="b"),
            router(
                "c",
                [("has_only_text", ["Success"], "Success")],
                {"Success": "d", "Failure": "e"},
                {
                    "type": "call_webhook",
                    "method": "POST",
                    "url": "https://akten.beispiel.invalid/v1/stand?nr=@results.aktenzeichen",
                    "headers": {"Authorization": "Token geheim"},
                    "body": '@(json(object("nr", results.aktenzeichen, "von", object("name", contact.name))))',
                    "result_name": "antwort",
                },
                operand="@results.antwort.category",
            ),
            say("d", 'Stand: @webhook.json.stand, seit @(format_date(webhook.json.seit, "DD.MM.YYYY")). @globals.gruss', to="f"),
            say("e", "Das weiß ich gerade nicht.", to="f"),
            node(
                "f",
                join("Bauen & Wohnen"),
                {"type": "set_contact_status", "status": "stopped"},
                {"type": "send_email", "addresses": ["x@beispiel.invalid"], "subject": "Neu", "body": "Text"},
                {"type": "set_contact_language", "language": "eng"},
                {"type": "nie_gehoert"},
                to="g",
            ),
            say("g", "Möchten Sie mehr wissen?", "Ja", "Nein", to="h"),
            wait(
                "h",
                [("has_any_word", ["ja j"], "Ja"), ("has_any_word", ["nein n"], "Nein")],
                {"Ja": "i", "Nein": None, "No Response": "k", "Other": "h"},
                timeout=(86_400, "No Response"),
            ),
            router("i", [("has_group", ["g-1", "Bauen & Wohnen"], "Drin")], {"Drin": "j", "Other": None}, operand="@contact.groups"),
            say("j", "Sie bekommen die Nachrichten schon."),
            say("k", "Dann bis ein andermal."),
        )
    )


def trial() -> Raw:
    """A lot between two wordings, branches on fields and results, a free text, a photo and a place, a flow instead."""
    return export(
        flow(
            "Mängel melden",
            lot("a", {"A": "b", "B": "c"}),
            say("b", "Was ist kaputt?", to="d"),
            say("c", "Wo klemmt es?", to="d"),
            wait(
                "d",
                [("has_any_word", ["notfall"], "Notfall"), ("has_text", [], "Text")],
                {"Notfall": "n", "Text": "e", "Other": "b"},
                result="Was",
            ),
            say("e", "Bitte ein Foto.", to="f"),
            wait("f", [("has_pattern", ["^image"], "Bild")], {"Bild": "g", "Other": "e"}, result="Foto", hint="image"),
            say("g", "Bitte den Ort.", to="h"),
            wait("h", [], {"All Responses": "i"}, result="Ort", hint="location"),
            router(
                "i",
                [("has_number_gt", ["3"], "Oft"), ("has_number_lte", ["3"], "Selten")],
                {"Oft": "j", "Selten": "k", "Other": "k"},
                operand="@fields.meldungen",
            ),
            say("j", "Danke, schon wieder Sie, @contact!", to="l"),
            say("k", "Danke für „@results.was“.", to="l"),
            router("l", [("has_only_phrase", ["deu"], "Deutsch")], {"Deutsch": "m", "Other": None}, operand="@contact.language"),
            node("m", enter("Umfrage", terminal=True)),
            say("n", "Bitte 112 anrufen!"),
        ),
        flow(
            "Umfrage",
            say("a", "Wie war es, von 1 bis 3?", to="b"),
            wait(
                "b",
                [("has_number_eq", ["1"], "Gut"), ("has_number_eq", ["2"], "Mittel"), ("has_number_eq", ["3"], "Schlecht")],
                {"Gut": "c", "Mittel": "c", "Schlecht": "c", "Other": "b"},
                result="Note",
            ),
            router("c", [("has_category", ["Gut", "Mittel"], "Zufrieden")], {"Zufrieden": "d", "Other": "e"}, operand="@results.note"),
            say("d", "Schön! (@results.note.category)"),
            say("e", "Schade."),
        ),
    )


def glific() -> Raw:
    """As Glific wraps it: a definition with keywords, a message with buttons in the action, one among the file's, a pause."""
    buttons = (
        '{"type":"quick_reply","content":{"type":"text","header":"Abfall","text":"Welche Tonne?"},'
        '"options":[{"type":"text","title":"Papier"},{"type":"text","title":"Bio"}]}'
    )
    menu = {
        "type": "list",
        "title": "Themen",
        "body": "Bitte wählen",
        "globalButtons": [{"type": "text", "title": "Liste"}],
        "items": [
            {"title": "Haus", "options": [{"type": "text", "title": "Wasser", "description": "Frisch"}, {"type": "text", "title": "Strom"}]}
        ],
    }
    definition = flow(
        "Abfall",
        node("a", {"type": "send_interactive_msg", "id": 1, "name": "Tonnen", "text": buttons}, to="b"),
        wait(
            "b",
            [("has_only_phrase", ["papier"], "Papier"), ("has_only_phrase", ["bio"], "Bio")],
            {"Papier": "c", "Bio": "c", "Other": "a"},
            result="tonne",
        ),
        node("c", {"type": "wait_for_time", "delay": "120"}, to="d"),
        node("d", {"type": "send_interactive_msg", "id": 7, "name": "Themen"}, to="e"),
        wait(
            "e",
            [("has_any_word", ["wasser"], "Wasser"), ("has_any_word", ["strom"], "Strom")],
            {"Wasser": None, "Strom": "f", "Other": None},
        ),
        node(
            "f",
            {"type": "send_interactive_msg", "id": 99, "name": "Fehlt"},
            {"type": "call_webhook", "method": "FUNCTION", "url": "parse_it"},
            {"type": "add_input_labels", "labels": [{"name": "Strom"}]},
            msg("Fertig."),
        ),
        language="de",
    )
    templates = [{"source_id": 7, "label": "Themen", "type": "list", "interactive_content": menu, "translations": {"1": menu, "2": menu}}]
    return {"flows": [{"definition": definition, "keywords": ["abfall", "tonne"]}], "interactive_templates": templates}
