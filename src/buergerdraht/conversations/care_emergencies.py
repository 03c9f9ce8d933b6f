"""Words by which an emergency is recognised, in the languages citizens write in. Pure.

Missing one is worse than an alarm too many; but an answer with 112 to "Wann ist das Feuerwehrfest?" makes nobody trust the next one.
So each sentence is looked at for itself, and one that speaks of yesterday, of a case that may come, or of a feast is none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from buergerdraht.conversations.care_words import Group, Read, group

_SENTENCES = re.compile(r"[.!?\n;…]+")


@dataclass(frozen=True, slots=True)
class Emergency:
    """What was recognised: the language it was said in, and whether somebody may harm themselves."""

    language: str
    crisis: bool


def emergency(read: Read) -> Emergency | None:
    """Say whether somebody needs help at this moment."""
    for words in _LANGUAGES:
        acute = [each.pattern for each in words.acute if each.near(read)]
        crisis = words.crisis.near(read)
        if acute or crisis:
            sentences = _SENTENCES.split(read.folded)
            if crisis and any(words.crisis.pattern.search(each) and not words.calm_crisis.search(each) for each in sentences):
                return Emergency(words.language, True)
            if any(_is_acute(each, acute) and not words.calm.search(each) for each in sentences):
                return Emergency(words.language, False)
        if words.help and words.help.find(read) and not words.calm_help.search(read.folded):
            return Emergency(words.language, False)
    return None


def _is_acute(sentence: str, patterns: Sequence[re.Pattern[str]]) -> bool:
    return any(pattern.search(sentence) for pattern in patterns)


@dataclass(frozen=True, slots=True)
class Words:
    """A language's words: what is acute, what speaks against it, a call for help, and despair."""

    language: str
    acute: tuple[Group, ...]
    calm: re.Pattern[str]
    crisis: Group
    calm_crisis: re.Pattern[str]
    help: Group | None = None
    calm_help: re.Pattern[str] = re.compile(r"(?!)")


def _calm(pattern: str) -> re.Pattern[str]:
    return group("", pattern).pattern


# ── German ────────────────────────────────────────────────────────────────

_THING = (
    r"(?:\w*haus|\w*wohnung|\w*kuche|\w*kueche|\w*dach|dachstuhl|\w*keller|\w*auto|lkw|laster|\w*bus|\w*wald|wiese|\w*feld|\w*container|"
    r"\w*tonne|mull\w*|muell\w*|garage|scheune|stall|\w*baum|balkon|\w*zimmer|hotel|schule|kita|laden|fabrik|halle|gebaude|gebaeude|"
    r"hecke|schuppen|laube|hutte|huette|herd|ofen|steckdose|akku|roller|fernseher|adventskranz|tannenbaum|bett|sofa|kirche)"
)
_SOMEONE = (
    r"(?:er|sie|mann|frau|mutter|vater|mama|papa|kind|baby|oma|opa|nachbar\w*|sohn|tochter|bruder|schwester|freund\w*|kollege|kollegin|"
    r"jemand|person|junge|madchen|maedchen|gast|radfahrer\w*|fusganger\w*)"
)
_RESCUE = r"(?:notarzt|notarztin|krankenwagen|rettungswagen|rettungsdienst|sanitater|sanitaeter|rtw|rettungshubschrauber)"
_GERMAN = Words(
    "de",
    acute=(
        group(
            "bren feue bran wohn zimm kell dach haus kuch wald auto flam lich rauc gros gros",
            rf"\bes_brennt\b|\bbrennt_(?:es|hier|bei_(?:mir|uns))\b|\b{_THING}\b~(?:brennt|brennen|in_flammen)\b|\b(?:brennt"
            rf"|brennen)\b~{_THING}\b"
            rf"|^\W*(?:feuer\W*)+$|\bfeuer_(?:im|in|bei|am|auf|ausgebrochen)\b|\bfeuer\b~(?:ausgebrochen|gelegt|schnell)\b"
            rf"|\bgrosbrand\b"
            rf"|\b(?:wohnungs|zimmer|keller|dachstuhl|haus|kuchen|kuechen|wald|auto|fahrzeug)?brand_(?:in|im|am|auf|bei)\b"
            rf"|\b(?:in_flammen|lichterloh)\b|\brauch\b~(?:aus|im|in)~{_THING}|\brauch\b~(?:fenster|treppenhaus|flur)\b"
            rf"|\b(?:fenster|treppenhaus|flur)\b~rauch\b",
        ),
        group(
            "gas gasg gasl gase riec expl",
            r"\bgas(?:geruch|leck|explosion)\b|\briecht\b~gas\b|\bgas_(?:tritt|stromt|stroemt)_aus\b"
            r"|\bexplodiert\b"
            r"|\bexplosion_(?:in|im|am|auf|bei)\b",
        ),
        group(
            "nota kran rett sani rtw feue poli",
            rf"\b(?:brauch\w*|schick\w*|ruf\w*|hol\w*|sende\w*|benotig\w*|benoetig\w*|schnell"
            rf"|sofort|dringend|bitte)\b~{_RESCUE}\b"
            rf"|\b{_RESCUE}\b~(?:schnell|sofort|dringend|kommen|bitte)\b|^\W*{_RESCUE}\W*$"
            r"|\b(?:schnell|sofort|dringend)\b~(?:feuerwehr|polizei)\b|\b(?:feuerwehr|polizei)\b~(?:schnell|sofort|dringend)\b",
        ),
        group("notf", r"\b(?:das|hier|es|medizinischer|akuter)_(?:ist_)?(?:(?:ein|dringender)_)*notfall\b|^\W*(?:hilfe_)?notfall\W*$"),
        group(
            "bewu ohnm atme luft puls reag zusa umge koll",
            rf"\b(?:bewusstlos|bewustlos|ohnmachtig|ohnmaechtig)\b"
            rf"|\batme[tn]?\b~nicht\b"
            rf"|\b(?:bekomm\w*|krieg\w*|hat|habe)\b~keinen?_(?:luft|puls)\b|\b{_SOMEONE}\b~reagiert_(?:nicht|kaum)\b"
            rf"|\breagiert\b~{_SOMEONE}~nicht_mehr\b|\b{_SOMEONE}\b~(?:zusammengebrochen|umgekippt|kollabiert)\b",
        ),
        group("herz schl kram", r"\b(?:herzinfarkt|herzstillstand|schlaganfall|krampfanfall)\b"),
        group(
            "blut verb ertr lebe schw verl unfa gefa verg uber uebe tabl gift erst stir ster verk rein getr gesc gege",
            rf"\b(?:blutet|blute|bluten)\b~(?:stark|heftig|sehr|schlimm|kopf)\b|\bverblute\w*|\bertrink\w+|\blebensgefahr\b"
            rf"|\bverletzte[rn]?_am_boden\b"
            rf"|\bschwere?[rn]?_(?:unfall|verletzt\w*)\b|\bunfall\b~verletzt\w*|\bverletzt\w*\b~unfall\b"
            r"|\b(?:ins?|in_den|in_die|auf_die)_(?:wasser|flus+|see|kanal|gleise|bach|becken|teich|brunnen)_gefallen\b|\buberdosis\b"
            r"|\bueberdosis\b"
            r"|\bhat\b~(?:tabletten|gift|reiniger|spulmittel|beeren|pilze)\b~(?:geschluckt|gegessen|getrunken|genommen)\b|\berstickt?\b"
            rf"|\bich_(?:sterbe|verblute)\b|\b{_SOMEONE}\b~stirbt\b|\b(?:vergiftet|verkehrsunfall)\b~(?:kind|verletzt\w*|schwer)\b",
        ),
        group(
            "stec sitz eing gefa",
            r"\b(?:stecke\w*|sitze\w*|eingeschlossen|eingesperrt|gefangen)\b~(?:aufzug|fahrstuhl|lift)\b"
            r"|\b(?:aufzug|fahrstuhl|lift)\b~(?:eingeschlossen|eingesperrt|gefangen|fest)\b",
        ),
        group(
            "uber uebe ausg raub",
            r"\b(?:werde|wird|werden|wurde|wurden|worden|bin|ist)\b~(?:uberfallen|ueberfallen|ausgeraubt)\b"
            r"|\b(?:uberfallen|ueberfallen|ausgeraubt)_worden\b"
            r"|\b(?:raub)?(?:uberfall|ueberfall)_(?:auf|in|im|bei|am)\b|^\W*(?:hilfe_)?(?:raub)?(?:uberfall|ueberfall)\W*$",
        ),
        group(
            "einb bric eing",
            r"\beinbrecher\w*_(?:ist|sind|im|in|bei|auf|hier|steig\w*|versuch\w*|steh\w*)\b|\b(?:ist|sind|hor\w*"
            r"|hoer\w*|sehe\w*|da)\b~einbrecher\b"
            r"|\b(?:jemand|da|hier|wer|manner|maenner|typ|typen)\b~(?:bricht|brechen)\b~ein\b|\bwird\b~(?:gerade|grade"
            r"|jetzt)_eingebrochen\b"
            r"|^\W*einbrecher\W*$",
        ),
        group(
            "amok schi schu mess waff pist gewe axt mach bedr stic erst nied bomb",
            r"\bamok(?:lauf|laufer|laeufer|alarm|tat|fahrt|fahrer|schutze|schuetze)?\b|\b(?:schiest|schiesst|schiesen|schiessen)\b"
            r"|\b(?:schusse|schuesse)\b~(?:gefallen|gehort|gehoert|hore|hoere)\b"
            rf"|\b(?:{_SOMEONE}|typ|mit|hat)\b~(?:messer|waffe|pistole|gewehr|axt|machete)\b~(?:bedroh\w*|lauft|laeuft|auf|vor|in|hat"
            rf"|steht|unterwegs|rum|herum)\b"
            rf"|\bbedroht_(?:mich|uns|gerade|jemand\w*|leute|meine?\w*|menschen)\b|\b(?:sticht_auf|niedergestochen|messerstecher\w*"
            rf"|messerangriff)\b"
            rf"|\b{_SOMEONE}\b~mit_(?:einem|nem|einer|ner)_(?:messer|waffe|pistole|gewehr|axt|machete)\b|\bbombe_(?:gefunden|im|in"
            rf"|liegt)\b|\bbombendrohung\b",
        ),
        group(
            "schl prug prue verp wurg wuer verg verf zusa",
            r"\b(?:schlagt|schlaegt|prugelt|pruegelt|verprugelt|verpruegelt|wurgt"
            r"|wuergt)_(?:mich|uns|auf_mich|gerade|seine|meine|die_frau|sie|ihn)\b"
            r"|\b(?:mich|mir|wurde|werde|gerade|jemand)\b~(?:vergewaltigt|vergewaltigen|zusammengeschlagen)\b|\bwerde\b~verfolgt\b",
        ),
    ),
    calm=_calm(
        r"\b(?:gestern|vorgestern|damals|fruher|frueher|letzte[nrsm]?|vorige[nrsm]?|vergangene\w*|(?:19|20)\d\d)\b"
        r"|\bvor_\w+_(?:tag|woche|monat|jahr)\w*|\bseit_(?:\w+_)?(?:tag|woche|monat|jahr)\w*|\bhatte\b|\bnach_(?:de[mr]|meine[mr]"
        r"|seine[mr]|ihre[mr]|eine[mr])_\w+"
        r"|\bfalls\b|\bim_(?:notfall|fall\w*|ernstfall)\b|\bwenn_(?:es|eine?r?|man|jemand|mal|irgendwo|der|die|das|mein\w*|ich|im|bei)\b"
        r"|\bwie_verhalte\b|\bwas_tun_bei\b"
        r"|\b(?:uber|ueber)_(?:das|den|die|einen?)\b|\b\w{3,}fest\b|\b(?:das|dem|unser|beim|ein|fur_das)_fest\b"
        r"|\b\w*(?:ubung|uebung|feier|verein|vortrag|kurs|schulung|film|krimi|theater|roman|museum|schutz|nummer|versicherung|melder"
        r"|loscher|loescher)\b"
        r"|\b(?:probealarm|vortrage|buch|tag_der_offenen|danke|dank|bedanke\w*|formular\w*|antrag\w*|genehmig\w*|anmelden|anmeldung"
        r"|erlaubt|verboten|darf|durfen|duerfen"
        r"|termin\w*|ausstellung|praktikum|ausbildung|bewerb\w*|ehrenamt\w*|mitglied\w*|konzept|pravention|praevention|statistik\w*"
        r"|seminar|spende\w*"
        r"|rechnung|kosten|kostet|zeitung|artikel|bericht\w*|gelesen|nachrichten|thema|diskussion|standort\w*|zustandig|zustaendig"
        r"|ansprechpartner\w*"
        r"|licht|lichter|lampen?|\w*laternen?|beleuchtung|kerzen?|sonne|augen|hals|magen|nageln|naegeln|frage|darauf|drauf|osterfeuer"
        r"|lagerfeuer|grill\w*|feuerschale"
        r"|flamme_fur|feuerwerk|silvester|boller|boeller|foto\w*|tor|tore|fusball|schutzen\w*|jager|jaeger|hochzeit|falschpark\w*|parkt"
        r"|larm|laerm|laut|termine|risiko|symptome"
        r"|ampel|internetseite|homepage|app|mail|anfrage|akte|amt|behorde|behoerde|reifen|fahrrad|schild|gedenk\w*|jahrestag|urteil"
        r"|prozess|zum_lachen|lachen|langeweile"
        r"|kreis|landkreis|reha|entscharfung|entschaerfung|wasserlassen)\b"
    ),
    crisis=group(
        "umbr brin suiz selb lebe ster spri tot sinn been weit",
        r"\bbring\w*_mich_(?:\w+_){0,2}um\b|\bmich\b~umbringen\b|\bmich_um(?:zubringen|bringe)\b|\bnehm\w*_mir_das_leben\b"
        r"|\bmir_(?:\w+_)?das_leben_(?:zu_)?nehmen\b"
        r"|\bnicht_mehr_(?:leben|weiterleben|weiter_leben)\b|\b(?:will|mochte|moechte|wurde|wuerde)_(?:\w+_){0,3}(?:sterben"
        r"|tot_sein)\b"
        r"|\b(?:suizid|suizidgedanken|selbstmord|selbstmordgedanken|suizidal|selbst_toten|selbst_toeten)\b"
        r"|\bspring\w*\b~(?:brucke|bruecke|dach|zug|hochhaus|gleise)\b"
        r"|\bleben\b~keinen_sinn\b|\b(?:beende\w*_mein_leben|mein_leben_(?:zu_)?beenden|mein_leben_beende)\b|\bmir_was_antun\b"
        r"|\bmir_etwas_antun\b",
    ),
    calm_crisis=_calm(
        r"\b\w*(?:pravention|praevention|vortrag|film|statistik|ausstellung|theater|beratungsstelle\w*|schulung|kurs"
        r"|projekt|gedenk\w*|rate|roman|thema|freibad"
        r"|schwimmbad|springbrunnen|sprungturm|badesee|attentat\w*|attentater\w*|sterben_lassen|geschafte\w*"
        r"|innenstadt)\b"
    ),
    help=group(
        "hilf",
        r"\bhilfe\b(?s:.){0,120}?\b(?:schnell|sofort|blut\w*|stirbt|sterbe\w*|verletzt\w*|uberfall\w*|ueberfall\w*"
        r"|lebensgefahr|eingesperrt|eingeschlossen|ertrink\w*"
        r"|bewusstlos|polizei|112|110|er_schlagt|er_schlaegt|bringt_mich_um|kommt_bitte|bitte_kommt|messer|brennt|feuer)\b"
        r"|\b(?:schnell|sofort|bitte_kommt|kommt_bitte|blut\w*|polizei|112|110)\b(?s:.){0,60}?\bhilfe\b|^\W*(?:hilfe\W+){2,}",
    ),
    calm_help=_calm(
        r"\bhilfe_(?:bei|beim|zu|zum|zur|fur|fuer|mit|von|des|der|gegen)\b|\b(?:erste[rn]?|schnelle|finanzielle|ihre|eure"
        r"|deine|mit|fur_die|fuer_die|danke)_hilfe\b"
        r"|\b(?:danke|dank|formular|antrag\w*|ausfull\w*|ausfuell\w*|unterlagen|termin|licht|ubung|kurs|online|feuerwerk"
        r"|fest)\b"
    ),
)

# ── Further languages ─────────────────────────────────────────────────────

_ENGLISH = Words(
    "en",
    acute=(
        group(
            "fire burn smel smok",
            r"\b(?:house|flat|apartment|kitchen|building|car|roof|cellar|basement|forest|room|bin"
            r"|school)_(?:is_)?(?:on_fire|burning)\b"
            r"|\bthere(?:_is|_s|s)_a_fire\b|\bfire_(?:in|at)_(?:the|my|our|a)\b|^\W*(?:fire\W*)+$|\bsmell\w*_(?:of_)?gas\b"
            r"|\bsmoke\b~(?:window|building|roof|flat)\b",
        ),
        group(
            "hear unco brea blee drow over stro ambu para coll",
            r"\bheart_attack\b|\bunconscious\b|\bnot_breathing\b"
            r"|\bcan_?(?:no)?t_breathe\b|\bcannot_breathe\b"
            r"|\bbleeding_(?:heavily|badly|a_lot|out)\b|\bdrowning\b|\boverdos\w+|\bhaving_a_stroke\b|\bcollapsed\b|\b(?:need|send"
            r"|call|want)\b~(?:ambulance|paramedics?)\b"
            r"|\bambulance\b~(?:now|quick\w*|please|urgent\w*)\b",
        ),
        group(
            "robb atta stab rape mugg burg intr brea gunm shoo shot knif gun hitt beat stra poli bomb",
            r"\b(?:being|been|just_got|just)_(?:robbed|attacked|stabbed|raped|mugged|shot)\b|\b(?:burglars?|intruders?|somebody"
            r"|someone)\b~(?:in_(?:my|our|the)|breaking_in|breaking_into)\b"
            r"|\b(?:gunman|active_shooter|shots_fired|shooting_at)\b|\b(?:man|someone|somebody|he)\b~with_a_(?:knife|gun)\b"
            r"|\b(?:hitting|beating|strangling|threatening)_me\b"
            r"|\bsend\b~police\b|\bpolice_(?:now|quick\w*)\b",
        ),
    ),
    calm=_calm(
        r"\b(?:drill|festival|department|station|brigade|number|course|training|last|yesterday|ago|if_there|in_case|insurance"
        r"|permit|allowed|camp\w*|thank\w*|movie|film|had"
        r"|book|extinguisher|alarm_test|job|apply|museum|light|news|read|after)\b"
    ),
    crisis=group(
        "kill suic life die live",
        r"\bkill(?:ing)?_myself\b|\bsuicid\w+|\bend_(?:my|it)_(?:life|all)\b|\bwant_to_die\b"
        r"|\bdon_?t_want_to_live\b|\bdo_not_want_to_live\b",
    ),
    calm_crisis=_calm(r"\b(?:prevention|film|lecture|book|hotline|squad|live_(?:in|here))\b"),
    help=group(
        "help",
        r"\bhelp\b(?s:.){0,80}?\b(?:quick\w*|hurry|dying|blood|bleeding|fire|attacked|please_come|come_now|911|112)\b"
        r"|^\W*(?:help\W+){2,}",
    ),
    calm_help=_calm(
        r"\bhelp_(?:with|me_with|me_fill|me_find|you|filling)\b|\b(?:form|application|thank\w*|appointment"
        r"|fire_department)\b"
    ),
)
_TURKISH = Words(
    "tr",
    acute=(
        group(
            "yang yani ambu kalp bili bayi nefe imda hirs soyu sila bica sald dovu oldu bogu gaz kan kani",
            r"\byangin_(?:var|cikti)\b|\byaniyor\w*\b|\bambulans\b~(?:cagir\w*|gonder\w*|lazim|gerek\w*|istiyor\w*|cabuk|hemen)\b"
            r"|\b(?:acil|hemen|cabuk)\b~ambulans\b"
            r"|\bkalp_krizi\b|\bbilinci_(?:kapali|yok)\b|\bbayildi\b|\bnefes_(?:alam|alm)iyor\w*|\bimdat\b|\bhirsiz\w*_(?:var|girdi"
            r"|evde|icerde)\b|\bsoyuluyor\w*|\bsilahli\b"
            r"|\bbicakli\b|\bsaldiriyor\w*|\bbeni_(?:dovuyor|olduruyor|olduracek|oldurecek)\w*|\bboguluyor\w*|\bgaz_kokusu\b"
            r"|\bkan_kaybediyor\w*",
        ),
    ),
    calm=_calm(
        r"\b(?:tatbikat\w*|festival\w*|numara\w*|kurs\w*|gecen|dun|gecmis|film\w*|gecirmisti\w*|tesekkur\w*|sigorta\w*|isik\w*"
        r"|lamba\w*|kitap)\b"
    ),
    crisis=group(
        "inti kend yasa olme cani",
        r"\bintihar\w*\b|\bkendimi_oldur\w+|\byasamak_istemiyorum\b|\bolmek_istiyorum\b"
        r"|\bcanima_kiy\w+",
    ),
    calm_crisis=_calm(r"\b(?:onleme|film\w*|kitap|seminer\w*)\b"),
)
_CYRILLIC = Words(
    "uk",
    acute=(
        group(
            "поже пожа гори гора горю викл вызо потр треб нужн шви скор непр свід созн диха дыш інфа инфа серц інсу инсу граб напа "
            "ряту помо допо стрі стре тоне тоне тону кров бє бьет запа викл помі умир",
            r"\bпожежа\b|\bпожар\b|\b(?:будинок|квартира|дах|машина|дім|дом|хата|ліс|лес|кухня|крыша)\b~горить?\b"
            r"|\bгорить?\b~(?:будинок|квартира|дах|машина|дім|дом|хата|ліс|лес|кухня|крыша)\b"
            r"|\b(?:викличте|вызовите|потрібна|нужна|треба|надішліть)\b~(?:швидку|швидка|скорую|скорая)\b|\bнепритомн\w+"
            r"|\bбез_(?:свідомості|сознания)\b|\bвтрати(?:в|ла)_свідомість\b"
            r"|\bпотерял\w*_сознание\b|\bне_диха\w+|\bне_дышит\b|\b(?:інфаркт|инфаркт|інсульт|инсульт)\b|\bсерцевий_напад\b"
            r"|\bграбують\b|\bграбят\b|\bграбіжник\w*|\bна_(?:мене|меня|нас)_напал\w+"
            r"|\b(?:рятуйте|помогите|спасите)\b|\bдопоможіть\W+(?:швидко|терміново|рятуйте)|\bстріля(?:ють|нина|є)\b|\bстреля(?:ют"
            r"|ет)\b|\bтоне[тм]?\b|\bкровотеч\w+|\bзапах_газ[ау]\b",
        ),
    ),
    calm=_calm(
        r"\b(?:навчанн\w+|учени\w+|номер\w*|курс\w*|минул\w+|прошл\w+|вчора|вчера|фільм\w*|фильм\w*|профілактик\w+|заповнити"
        r"|заполнить|заяв\w+|страхув\w+|документ\w*|світло|свет|після|после|дякую|спасибо)\b"
    ),
    crisis=group(
        "само поко покі жити жить вбит убит накл поме",
        r"\bсамогубств\w*|\bсамоубийств\w*|\bпокінчити_(?:з_собою|з_життям)\b|\bпокончить_с_собой\b"
        r"|\bне_хочу_(?:більше_)?жити\b|\bне_хочу_(?:больше_)?жить\b|\b(?:вбити_себе|убить_себя)\b",
    ),
    calm_crisis=_calm(r"\b(?:профілактик\w+|профилактик\w+|фільм\w*|фильм\w*|жит[иь]_(?:тут|здесь|в|у))\b"),
)
_ARABIC = Words(
    "ar",
    acute=(
        group(
            "حريق الحر النا يحتر تحتر اسعا الاس سيار فاقد فقد فقدت اغمي يتنف تتنف نوبة ازمة سكتة جلطة النج انقذ لص لصوص اطلا يطلق يغرق "
            "تغرق نزيف ينزف يضرب رائح سرقة",
            r"\b(?:حريق|الحريق)\b|\b(?:يحترق|تحترق)\b|\bالنار_(?:تشتعل|في)\b|\b(?:اطلبوا|احتاج|نحتاج|ارسلوا|اتصلوا|بسرعة)\b~(?:اسعاف"
            r"|الاسعاف|الشرطة|شرطة)\b|\bسيارة_اسعاف\b"
            r"|\bفاقدة?_(?:ال)?وعي\b|\bفقدت?_(?:ال)?وعي\w*|\bاغمي_علي\w*|\bلا_(?:ي|ت)تنفس\b|\b(?:نوبة|ازمة|سكتة)_(?:قلبية|دماغية)\b"
            r"|\bجلطة\b|\bالنجدة\b|\bانقذون\w+|\b(?:لص|لصوص)_في\b"
            r"|\bسرقة_مسلحة\b|\b(?:اطلاق|يطلق)_(?:ال)?نار\b|\b(?:ي|ت)غرق\b|\bنزيف\b|\b(?:ي|ت)نزف\b|\bيضربن\w+|\bرائحة_(?:ال)?غاز\b",
        ),
    ),
    calm=_calm(r"\b(?:رقم|تمرين|تدريب|دورة|الماضي|الماضية|امس|فيلم|الوقاية|تامين|تاريخ|شكرا|مهرجان)\b"),
    crisis=group(
        "انتح الان سانت اموت اقتل ساقت اعيش انهي سانه",
        r"\b(?:ال|س)?انتحار\b|\b(?:س)?انتحر\b|\bاريد_ان_اموت\b|\b(?:س)?اقتل_نفسي\b|\bلا_اريد_ان_اعيش\b|\b(?:س)?انهي_حياتي\b",
    ),
    calm_crisis=_calm(r"\b(?:الوقاية|فيلم|كتاب)\b"),
)
_LANGUAGES = (_GERMAN, _ENGLISH, _TURKISH, _CYRILLIC, _ARABIC)
