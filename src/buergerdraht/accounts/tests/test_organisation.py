"""Rights, the audit chain, invitations and the last administrator."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from buergerdraht.accounts import actions, audit
from buergerdraht.accounts.models import AuditEntry, Invitation, Membership, Operator, Organisation, Role
from buergerdraht.accounts.rights import RIGHTS, Right, may

PASSWORD = "Zwetschgen-im-Herbst"


@pytest.fixture
def town(db: None) -> Organisation:
    return actions.create_organisation("musterstadt", "Stadt Musterstadt", land="NW")


@pytest.fixture
def boss(town: Organisation) -> Operator:
    operator = Operator.objects.create_user("leitung@musterstadt.example", PASSWORD, name="Andrea Berger")
    actions.join(town, operator, [Role.ADMINISTRATOR])
    return operator


def test_every_role_has_rights_and_reads() -> None:
    assert set(RIGHTS) == set(Role.values)
    assert all(Right.READ in rights for rights in RIGHTS.values())


@pytest.mark.parametrize(
    ("roles", "right", "answer"),
    [
        ([Role.EDITOR], Right.WRITE, True),
        ([Role.EDITOR], Right.APPROVE, False),
        ([Role.APPROVER], Right.APPROVE, True),
        ([Role.AGENT], Right.ANSWER, True),
        ([Role.AGENT], Right.WRITE, False),
        ([Role.AGENT, Role.EDITOR], Right.WRITE, True),
        ([Role.ADMINISTRATOR], Right.ANSWER, False),
        ([Role.DATA_PROTECTION], Right.AUDIT, True),
        ([Role.VIEWER], Right.ANSWER, False),
        ([], Right.READ, False),
        (["invented"], Right.READ, False),
    ],
)
def test_roles_add_up(roles: list[str], right: Right, answer: bool) -> None:
    assert may(Membership(roles=roles), right) is answer


def test_an_untouched_chain_verifies(town: Organisation, boss: Operator) -> None:
    for number in range(5):
        audit.record(town, "broadcasts.approve", operator=boss, subject=f"broadcast:{number}", at="11 Uhr")
    assert audit.verify(town) == audit.Verdict(7, 0)


@pytest.mark.parametrize("change", ["details", "actor", "removed", "hash"])
def test_tampering_shows_where_the_chain_breaks(town: Organisation, boss: Operator, change: str) -> None:
    for number in range(3):
        audit.record(town, "broadcasts.approve", operator=boss, subject=f"broadcast:{number}")
    entry = AuditEntry.objects.filter(organisation=town, number=3)
    if change == "removed":
        entry.delete()
    else:
        entry.update(**{"details": {"details": {"x": 1}}, "actor": {"actor": "Niemand"}, "hash": {"hash": b"0" * 32}}[change])
    assert audit.verify(town).broken_at == 3


def test_chains_of_two_houses_do_not_mix(town: Organisation, boss: Operator) -> None:
    other = actions.create_organisation("nachbarstadt", "Stadt Nachbarstadt")
    assert AuditEntry.objects.get(organisation=other).number == 1
    assert audit.verify(town).broken_at == audit.verify(other).broken_at == 0


def invited(town: Organisation, boss: Operator) -> str:
    return actions.invite(town, name="Kemal Özdemir", email="Kemal@musterstadt.example", roles=[Role.AGENT], teams=[], operator=boss)


def test_an_invitation_makes_a_colleague_once(town: Organisation, boss: Operator) -> None:
    token = invited(town, boss)
    assert token.encode() not in bytes(Invitation.objects.get().token_hash)
    page = f"/einladung/{token}/"
    assert Client().post(page, {"name": "Kemal Özdemir", "password": PASSWORD}).status_code == 302
    membership = Membership.objects.get(operator__email="kemal@musterstadt.example")
    assert membership.roles == [Role.AGENT]
    assert membership.operator.check_password(PASSWORD)
    assert Client().get(page).status_code == 404


def test_a_weak_password_is_refused_beside_its_field(town: Organisation, boss: Operator) -> None:
    response = Client().post(f"/einladung/{invited(town, boss)}/", {"name": "Kemal Özdemir", "password": "kurz"})
    assert "password" in response.context["form"].errors
    assert not Operator.objects.filter(email="kemal@musterstadt.example").exists()


def test_an_old_or_withdrawn_invitation_opens_nothing(town: Organisation, boss: Operator) -> None:
    token = invited(town, boss)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().get(f"/einladung/{token}/").status_code == 404
    token = invited(town, boss)
    actions.withdraw_invitation(Invitation.objects.latest("pk"), operator=boss)
    assert Client().get(f"/einladung/{token}/").status_code == 404


def test_nobody_takes_over_a_known_account_by_invitation(town: Organisation, boss: Operator) -> None:
    known = Operator.objects.create_user("kemal@musterstadt.example", "Mirabellen-im-Sommer", name="Kemal")
    Client().post(f"/einladung/{invited(town, boss)}/", {"name": "Fremd", "password": PASSWORD})
    known.refresh_from_db()
    assert known.check_password("Mirabellen-im-Sommer")


def test_the_last_administrator_stays(town: Organisation, boss: Operator) -> None:
    membership = Membership.objects.get(operator=boss)
    with pytest.raises(ValidationError):
        actions.change_member(membership, roles=[Role.VIEWER], teams=[], operator=boss)
    with pytest.raises(ValidationError):
        actions.remove_member(membership, operator=boss)
    assert Membership.objects.get(operator=boss).roles == [Role.ADMINISTRATOR]


def test_changes_are_named_in_the_log_without_their_text(town: Organisation, boss: Operator) -> None:
    actions.change_organisation(town, operator=boss, imprint="Rathausplatz 1")
    entry = AuditEntry.objects.latest("number")
    assert entry.details == {"fields": ["imprint"]}
    assert entry.actor == "Andrea Berger"


def test_the_log_is_read_in_words(town: Organisation, boss: Operator, client: Client) -> None:
    audit.record(town, "cases.put_categories", operator=boss, subject="category:7", keys=["waste", "lamp"], shown=True)
    audit.record(town, "somewhere.new", operator=boss, subject="thing:7")
    client.force_login(boss)
    page = client.get(f"/o/{town.slug}/einstellungen/protokoll/").content.decode()
    assert "Kategorien übernommen" in page
    assert "Kategorie 7" in page
    assert "keys: waste, lamp" in page
    assert "shown: ja" in page
    assert "thing:7" in page, "what nobody gave a word to is shown as it is"
    assert "Kategorien übernommen" in client.get(f"/o/{town.slug}/einstellungen/protokoll/?was=cases").content.decode()
