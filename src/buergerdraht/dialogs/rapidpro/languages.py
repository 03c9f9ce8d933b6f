"""Their languages have three letters (ISO 639-3), ours two where there are two."""

from __future__ import annotations

import re

_TABLE = """
afr af  amh am  ara ar  arb ar  aze az  azj az  bel be  ben bn  bos bs  bul bg  cat ca  ces cs  cym cy  dan da  deu de  ell el  eng en
est et  eus eu  fas fa  fil tl  fin fi  fra fr  gle ga  glg gl  guj gu  hat ht  hau ha  heb he  hin hi  hrv hr  hun hu  hye hy  ibo ig
ind id  isl is  ita it  jpn ja  kan kn  kat ka  kaz kk  khm km  kin rw  kir ky  kor ko  kur ku  kmr ku  lao lo  lav lv  lin ln  lit lt
ltz lb  mal ml  mar mr  mkd mk  mlg mg  mon mn  msa ms  mya my  nep ne  npi ne  nld nl  nno nn  nob nb  nor no  nya ny  ori or  orm om
pan pa  pes fa  pol pl  por pt  prs fa  pus ps  roh rm  ron ro  run rn  rus ru  sin si  slk sk  slv sl  sna sn  som so  sot st  spa es
sqi sq  srp sr  swa sw  swe sv  swh sw  tam ta  tel te  tgk tg  tgl tl  tha th  tir ti  tuk tk  tur tr  ukr uk  urd ur  uzb uz  vie vi
wol wo  xho xh  yor yo  zho zh  cmn zh  zul zu
"""
_PAIRS = _TABLE.split()
TWO = dict(zip(_PAIRS[::2], _PAIRS[1::2], strict=True))
UNSAID = frozenset({"", "base", "und", "mul", "zxx"})  # what older exports write where nobody chose a language


def ours(code: str) -> str:
    """Give our code for theirs, or "" where it is none."""
    head, _dash, region = code.strip().replace("_", "-").partition("-")
    head = head.lower()
    head = TWO.get(head, head)
    if head in UNSAID or not re.fullmatch(r"[a-z]{2,3}", head):
        return ""
    return f"{head}-{region}" if re.fullmatch(r"[A-Za-z]{2,8}", region) else head
