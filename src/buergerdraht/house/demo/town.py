"""Found Musterstadt: the authority, its people, its blueprint, its citizens. Does nothing where it stands already."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import time, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from buergerdraht.accounts import actions as accounts
from buergerdraht.accounts.models import Operator, Organisation, Role, Team
from buergerdraht.blueprints.actions import switch_on
from buergerdraht.blueprints.reading import all_blueprints
from buergerdraht.connectors.contract import Sender
from buergerdraht.contacts import actions
from buergerdraht.contacts.ledger import Proof
from buergerdraht.contacts.models import Address, Contact, District, Topic
from buergerdraht.gateway.models import Channel
from buergerdraht.house.demo.people import SECOND_WAYS, STREETS, Person, people
from buergerdraht.website import actions as website

SLUG = "musterstadt"
SIGN_INS = "demo.password"
NOTICE = "Sie erhalten Neuigkeiten der Stadt Musterstadt. Ihre Nachrichten laufen über den Anbieter Ihres Messengers. Abmelden: STOPP."
WEEK = {day: [["08:00", "12:30"], ["13:30", "16:00"]] for day in ("mon", "tue", "wed")} | {
    "thu": [["08:00", "12:30"], ["13:30", "18:00"]],
    "fri": [["08:00", "12:30"]],
}
IMPRINT = """**Stadt Musterstadt**
Die Bürgermeisterin
Rathausplatz 1, 99999 Musterstadt

Telefon: +49 30 23125 100
E-Mail: [amt@musterstadt.example](mailto:amt@musterstadt.example)

Verantwortlich für die Inhalte: Andrea Berger, Pressestelle"""


class Worker(NamedTuple):
    key: str
    name: str
    roles: Sequence[Role]
    teams: Sequence[str]

    @property
    def email(self) -> str:
        return f"{self.key}@musterstadt.example"


WORKERS = [
    Worker("andrea", "Andrea Berger", [Role.ADMINISTRATOR, Role.APPROVER, Role.AGENT], ["Pressestelle", "Bürgermeisterbüro"]),
    Worker("kemal", "Kemal Özdemir", [Role.EDITOR, Role.AGENT], ["Pressestelle"]),
    Worker("maria", "Maria Nowak", [Role.AGENT], ["Bürgeramt"]),
    Worker("jens", "Jens Albers", [Role.DATA_PROTECTION, Role.VIEWER], []),
]


def password() -> str:
    """Read the sign-ins' common password, made once per data folder."""
    path = settings.DATA / SIGN_INS
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(
            f"{secrets.choice(['Laterne', 'Marktplatz', 'Stadtpark', 'Brunnen', 'Kirchturm'])}-{secrets.randbelow(9000) + 1000}"
        )
    return path.read_text()


FACTS = {
    "street": "Rathausplatz 1", "city": "99999 Musterstadt", "phone": "030 23125 100", "email": "rathaus@musterstadt.example",
    "represented": "Bürgermeisterin Anna Muster", "responsible": "Andrea Abel, Pressestelle", "supervisor": "Kreis Musterland",
    "dpo": "datenschutz@musterstadt.example", "authority": "Landesbeauftragte für Datenschutz", "status": "partly", "method": "self",
    "barriers": "Manche Bilder älterer Nachrichten haben keine Beschreibung.", "checked": "2026-11-02",
    "contact": "barrierefrei@musterstadt.example", "enforcement": "Ombudsstelle für barrierefreie Informationstechnik des Landes",
}  # fmt: skip


@transaction.atomic
def found() -> Organisation:
    """Make the authority with its people and texts, and take the password of this start."""
    organisation = Organisation.objects.filter(slug=SLUG).first()
    new = organisation is None
    if organisation is None:
        organisation = accounts.create_organisation(
            SLUG, "Stadt Musterstadt", land="NW", languages=["de", "en", "ar"], office_hours=WEEK,
            website="https://www.musterstadt.example", imprint=IMPRINT, quiet_from=time(22), quiet_until=time(6),
            prices={"whatsapp": {"marketing": 11.31, "utility": 4.56, "service": 4.56}},  # invented, as from a contract
        )  # fmt: skip
        for name in ("Pressestelle", "Bürgeramt", "Bürgermeisterbüro"):
            accounts.make_team(organisation, name, operator=None)
        District.objects.bulk_create(District(organisation=organisation, name=name) for name in STREETS)
    lost = not (settings.DATA / SIGN_INS).exists()
    for worker in WORKERS:
        _employ(organisation, worker, renew=lost)
    if new:
        switch_on(organisation, all_blueprints()["city_newsletter"], operator=operators()["andrea"])
        organisation.refresh_from_db()
        website.state_facts(organisation, FACTS, {}, operator=operators()["andrea"])
    return organisation


def operators() -> dict[str, Operator]:
    found = {operator.email: operator for operator in Operator.objects.filter(email__in=[worker.email for worker in WORKERS])}
    return {worker.key: found[worker.email] for worker in WORKERS if worker.email in found}


def _employ(organisation: Organisation, worker: Worker, *, renew: bool) -> None:
    """Give them a sign-in, or the new password where the file with the old one is gone."""
    operator = Operator.objects.filter(email=worker.email).first()
    if operator is None:
        operator = Operator.objects.create_user(worker.email, password(), name=worker.name)
        teams = Team.objects.filter(organisation=organisation, name__in=worker.teams)
        accounts.join(organisation, operator, [role.value for role in worker.roles], teams)
    elif renew:
        operator.set_password(password())
        operator.save(update_fields=["password"])


def settle(organisation: Organisation, channels: dict[str, Channel]) -> list[tuple[Person, Address]]:
    """Let the citizens move in: each met, subscribed and confirmed through the contacts' own verbs, in the past."""
    topics = list(Topic.objects.filter(organisation=organisation))
    districts = {district.name: district for district in District.objects.filter(organisation=organisation)}
    settled = []
    for person in people():
        address = _move_in(person, channels[person.kind], topics)
        contact = address.contact
        joined = timezone.now() - timedelta(days=person.days_ago)
        Contact.objects.filter(pk=contact.pk).update(created_at=joined, district=districts[person.district], language=person.language)
        settled.append((person, address))
    return settled


def unite(settled: Sequence[tuple[Person, Address]]) -> None:
    """Make one contact of whoever has a messenger and a second way: so the town has people who are reached on both."""
    first: dict[str, Address] = {}
    for person, address in settled:
        if person.kind not in SECOND_WAYS:
            first.setdefault(person.name, address)
        elif person.name in first:
            into, other = (Contact.objects.get(addresses=each) for each in (first[person.name], address))
            actions.absorb(into, other)


def _move_in(person: Person, channel: Channel, topics: list[Topic]) -> Address:
    joined = timezone.now() - timedelta(days=person.days_ago)
    aliases = [person.phone] if person.phone else []
    sender = Sender(address=person.address, aliases=aliases, name=person.name, handle=person.handle, language=person.language)
    address = actions.meet(channel, sender, joined)
    wanted = [topics[(person.number + step) % len(topics)] for step in range(person.topics)]
    if person.topics and topics[0] not in wanted:
        wanted[0] = topics[0]
    proof = Proof(channel=channel, evidence=f"demo-{person.number}", text=NOTICE, language=person.language, at=joined)
    actions.subscribe(address.contact, wanted, address, proof)
    actions.confirm(address.contact, address, proof)
    if person.gone:
        left = joined + (timezone.now() - joined) * 0.8
        actions.stop(address.contact, evidence=f"demo-stop-{person.number}", channel=channel, at=left)
    return address
