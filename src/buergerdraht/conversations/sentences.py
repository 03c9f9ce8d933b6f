"""What automatics say to citizens, in their language, by Sie or Du; the organisation's own words come first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta

from django.utils import timezone

from buergerdraht.accounts.models import Organisation
from buergerdraht.connectors.contract import Choice, Content
from buergerdraht.contacts import outreach
from buergerdraht.contacts.incoming import Incoming
from buergerdraht.contacts.models import Address
from buergerdraht.conversations import outgoing
from buergerdraht.conversations.models import Message

Texts = Mapping[str, Mapping[str, str]]  # {language: {"sie": …, "du": …}}
SERVICE = "service"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def own(texts: Mapping[str, str], organisation: Organisation, language: str) -> str:
    """The authority's own text: in the citizen's language, else in the first it speaks."""
    return str(texts.get(language) or texts.get(organisation.language) or "")


def ours(texts: Texts, organisation: Organisation, language: str) -> str:
    forms = texts.get(language) or texts.get(organisation.language) or texts["de"]
    return forms.get(organisation.address_form) or forms["sie"]


def say(address: Address, text: str, choices: Sequence[Choice] = (), *, what: str = "") -> bool:
    """Send a sentence of the house, if we may; with `what` the thread remembers which it was."""
    with suppress(outreach.Refused):
        outbound = outreach.send(address, Content(text=text, choices=choices, preview_link=False), purpose=SERVICE)
        if what:
            message = Message.objects.get(outbound=outbound)
            message.data["said"] = what
            message.save(update_fields=["data"])
        return True
    return False


def say_once(incoming: Incoming, text: str, *, within: timedelta) -> None:
    """Say something unless the same was said lately."""
    conversation = outgoing.arrival(incoming).conversation
    said = conversation.messages.filter(author=Message.Author.BOT, at__gt=timezone.now() - within, text=text)
    if not said.exists():
        say(incoming.address, text)


# ── The sentences ─────────────────────────────────────────────────────────

GREETING: Texts = {
    "de": {
        "sie": "Guten Tag! Ihre Nachricht ist angekommen. Ein Mensch liest sie und antwortet Ihnen hier.",
        "du": "Hallo! Deine Nachricht ist angekommen. Ein Mensch liest sie und antwortet dir hier.",
    },
    "en": {"sie": "Hello! Your message has arrived. A person will read it and answer you here."},
    "ar": {"sie": "مرحبًا! لقد وصلت رسالتك. سيقرؤها أحد موظفينا ويرد عليك هنا."},
}
AWAY: Texts = {
    "de": {
        "sie": "Guten Tag! Ihre Nachricht ist angekommen. Unser Büro ist gerade geschlossen.",
        "du": "Hallo! Deine Nachricht ist angekommen. Unser Büro ist gerade geschlossen.",
    },
    "en": {"sie": "Hello! Your message has arrived. Our office is closed at the moment."},
    "ar": {"sie": "مرحبًا! لقد وصلت رسالتك. مكتبنا مغلق حاليًا."},
}
BACK: Texts = {
    "de": {"sie": "Wir antworten Ihnen ab {moment}.", "du": "Wir antworten dir ab {moment}."},
    "en": {"sie": "We will answer from {moment}."},
    "ar": {"sie": "سنرد عليك ابتداءً من {moment}."},
}
ACKNOWLEDGE: Texts = {
    "de": {
        "sie": "Wir haben Ihre Nachricht nicht vergessen. Heute ist viel los, Sie bekommen Ihre Antwort hier, sobald jemand frei ist.",
        "du": "Wir haben deine Nachricht nicht vergessen. Heute ist viel los, du bekommst deine Antwort hier, sobald jemand frei ist.",
    },
    "en": {"sie": "We have not forgotten your message. It is a busy day; you will get your answer here as soon as somebody is free."},
    "ar": {"sie": "لم ننسَ رسالتك. لدينا ضغط كبير اليوم، وستصلك الإجابة هنا حالما يتفرغ أحد موظفينا."},
}
REMIND: Texts = {
    "de": {
        "sie": "Haben Sie noch Fragen? Dieser Messenger lässt uns nur noch bis {moment} frei antworten. Schreiben Sie danach einfach "
        "wieder.",
        "du": "Hast du noch Fragen? Dieser Messenger lässt uns nur noch bis {moment} frei antworten. Schreib danach einfach wieder.",
    },
    "en": {"sie": "Any further questions? This messenger lets us answer freely only until {moment}. After that, simply write again."},
    "ar": {"sie": "هل لديك أسئلة أخرى؟ يتيح لنا هذا التطبيق الرد بحرية حتى {moment} فقط. بعد ذلك يكفي أن تكتب لنا من جديد."},
}
CLOSE: Texts = {
    "de": {
        "sie": "Wir haben länger nichts von Ihnen gehört und schließen dieses Anliegen ab. Schreiben Sie uns jederzeit wieder.",
        "du": "Wir haben länger nichts von dir gehört und schließen dieses Anliegen ab. Schreib uns jederzeit wieder.",
    },
    "en": {"sie": "We have not heard from you for a while and are closing this matter. You are welcome to write again at any time."},
    "ar": {"sie": "لم نتلقَّ منك رسائل منذ مدة، لذلك نغلق هذا الطلب. يمكنك الكتابة إلينا مجددًا في أي وقت."},
}
MARK: Texts = {
    "de": {
        "sie": "Wie war es? Tippen Sie eine Zahl an: 1 heißt sehr schlecht, 5 sehr gut.",
        "du": "Wie war es? Tipp eine Zahl an: 1 heißt sehr schlecht, 5 sehr gut.",
    },
    "en": {"sie": "How was it? Tap a number: 1 means very poor, 5 very good."},
    "ar": {"sie": "كيف كانت تجربتك؟ اختر رقمًا: 1 يعني سيئة جدًا، و5 جيدة جدًا."},
}
MARK_MORE: Texts = {
    "de": {
        "sie": "Danke! Möchten Sie etwas dazu sagen? Dann schreiben Sie es einfach hier, sonst ist nichts mehr zu tun.",
        "du": "Danke! Möchtest du etwas dazu sagen? Dann schreib es einfach hier, sonst ist nichts mehr zu tun.",
    },
    "en": {"sie": "Thank you! Would you like to say something about it? Just write it here; otherwise there is nothing more to do."},
    "ar": {"sie": "شكرًا! هل تود إضافة شيء؟ اكتبه هنا، وإلا فلا حاجة إلى أي خطوة أخرى."},
}
MARK_THANKS: Texts = {
    "de": {"sie": "Vielen Dank, das hilft uns, besser zu werden.", "du": "Vielen Dank, das hilft uns, besser zu werden."},
    "en": {"sie": "Thank you, this helps us to improve."},
    "ar": {"sie": "شكرًا جزيلًا، هذا يساعدنا على التحسن."},
}
EMERGENCY: Texts = {
    "de": {
        "sie": (
            "**Ist jemand in Gefahr? Rufen Sie sofort an: 112 (Feuerwehr, Rettungsdienst) oder 110 (Polizei).** "
            "Von hier aus können wir keine Hilfe schicken. Ihre Nachricht liegt bei uns obenauf."
        ),
        "du": (
            "**Ist jemand in Gefahr? Ruf sofort an: 112 (Feuerwehr, Rettungsdienst) oder 110 (Polizei).** "
            "Von hier aus können wir keine Hilfe schicken. Deine Nachricht liegt bei uns obenauf."
        ),
    },
    "en": {
        "sie": (
            "**Is someone in danger? Call now: 112 (fire brigade, ambulance) or 110 (police).** "
            "We cannot send help from here. Your message is on top of our list."
        )
    },
    "tr": {"sie": "**Birisi tehlikede mi? Hemen arayın: 112 (itfaiye, ambulans) veya 110 (polis).** Buradan yardım gönderemeyiz."},
    "uk": {
        "sie": "**Хтось у небезпеці? Негайно телефонуйте: 112 (пожежна, швидка) або 110 (поліція).** Звідси ми не можемо надіслати "
        "допомогу."
    },
    "ru": {
        "sie": "**Кто-то в опасности? Звоните немедленно: 112 (пожарные, скорая) или 110 (полиция).** Отсюда мы не можем прислать помощь."
    },
    "ar": {"sie": "**هل هناك شخص في خطر؟ اتصل فورًا: 112 (الإطفاء والإسعاف) أو 110 (الشرطة).** لا يمكننا إرسال المساعدة من هنا."},
}
CRISIS: Texts = {
    "de": {
        "sie": (
            "Sie sind nicht allein. Bitte sprechen Sie jetzt mit jemandem: **Telefonseelsorge 0800 1110111 oder 116 123**, kostenlos, "
            "Tag und Nacht. **Sind Sie in Gefahr, rufen Sie bitte die 112.** Auch wir lesen Ihre Nachricht, aber nicht rund um die Uhr."
        ),
        "du": (
            "Du bist nicht allein. Bitte sprich jetzt mit jemandem: **Telefonseelsorge 0800 1110111 oder 116 123**, kostenlos, "
            "Tag und Nacht. **Bist du in Gefahr, ruf bitte die 112.** Auch wir lesen deine Nachricht, aber nicht rund um die Uhr."
        ),
    },
    "en": {
        "sie": (
            "You are not alone. Please talk to someone now: **TelefonSeelsorge 0800 1110111 or 116 123**, free of charge, day and night. "
            "**If you are in danger, please call 112.** We read your message too, but not around the clock."
        )
    },
    "tr": {
        "sie": "Yalnız değilsiniz. Lütfen şimdi biriyle konuşun: **Telefonseelsorge 0800 1110111 veya 116 123**, ücretsiz, gece "
        "gündüz. **Tehlikedeyseniz lütfen 112’yi arayın.**"
    },
    "uk": {
        "sie": "Ви не самі. Будь ласка, поговоріть з кимось зараз: **Telefonseelsorge 0800 1110111 або 116 123**, безкоштовно, "
        "цілодобово. **Якщо ви в небезпеці, телефонуйте 112.**"
    },
    "ru": {
        "sie": "Вы не одни. Пожалуйста, поговорите с кем-нибудь сейчас: **Telefonseelsorge 0800 1110111 или 116 123**, бесплатно, "
        "круглосуточно. **Если вы в опасности, звоните 112.**"
    },
    "ar": {
        "sie": "لست وحدك. تحدث الآن مع شخص ما من فضلك: **Telefonseelsorge ‏0800 1110111 أو 116 123**، مجانًا وعلى مدار الساعة. **إذا "
        "كنت في خطر فاتصل بالرقم 112.**"
    },
}
SENSITIVE: Texts = {
    "de": {
        "sie": (
            "Ein Hinweis: Bitte senden Sie Kontonummern, Ausweisdaten oder Angaben zur Gesundheit nicht über den Messenger. "
            "Wenn wir so etwas brauchen, nennen wir Ihnen einen sicheren Weg. Ihre Nachricht ist angekommen; "
            "diese Angaben löschen wir früher als sonst."
        ),
        "du": (
            "Ein Hinweis: Bitte sende Kontonummern, Ausweisdaten oder Angaben zur Gesundheit nicht über den Messenger. "
            "Wenn wir so etwas brauchen, nennen wir dir einen sicheren Weg. Deine Nachricht ist angekommen; "
            "diese Angaben löschen wir früher als sonst."
        ),
    },
    "en": {
        "sie": (
            "Please note: do not send account numbers, identity documents or health details by messenger. If we need them, "
            "we will tell you a safe way. Your message has arrived; we delete such details sooner than usual."
        )
    },
    "ar": {
        "sie": "تنبيه: يرجى عدم إرسال أرقام الحسابات أو بيانات الهوية أو المعلومات الصحية عبر التطبيق. إذا احتجنا إليها فسنخبرك "
        "بطريقة آمنة. وصلت رسالتك وستُحذف في وقت أقرب."
    },
}
