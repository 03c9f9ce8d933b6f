"""Things to send, drawn and sung here."""

from __future__ import annotations

import io
import math
import struct
import wave

from PIL import Image, ImageDraw, ImageFont

SCENES = {
    "schlagloch": ("#8d9299", "#2c2f36"),
    "laterne": ("#33415e", "#ffd36b"),
    "muell": ("#7fa26b", "#6b4f3a"),
    "park": ("#9fcf8a", "#3c7d45"),
}


def picture(name: str) -> bytes:
    """Draw a sample photo as JPEG; "zaehler:00314.207" is a water meter that stands there."""
    if name.startswith("zaehler"):
        return _meter(name.partition(":")[2] or "00314.207")
    ground, thing = SCENES.get(name, SCENES["park"])
    image = Image.new("RGB", (960, 720), "#cfe0ee")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 330, 960, 720), fill=ground)
    for left, top in ((40, 170), (260, 120), (520, 150), (760, 90)):
        draw.rectangle((left, top, left + 170, 340), fill="#e8d9c3", outline="#a58e72", width=4)
        draw.polygon([(left - 12, top), (left + 85, top - 70), (left + 182, top)], fill="#a4503f")
        for x in (left + 28, left + 100):
            draw.rectangle((x, top + 50, x + 40, top + 100), fill="#5f7f9c")
    if name == "laterne":
        draw.rectangle((470, 180, 488, 640), fill="#20242e")
        draw.ellipse((420, 110, 540, 210), fill=thing)
    elif name == "muell":
        for x in range(300, 640, 90):
            draw.rounded_rectangle((x, 480, x + 110, 610), 24, fill=thing, outline="#3d2c20", width=4)
    elif name == "schlagloch":
        draw.ellipse((270, 470, 700, 630), fill=thing)
        draw.ellipse((330, 500, 640, 600), fill="#5b7fa3")
    else:
        for x in (180, 420, 690):
            draw.rectangle((x + 40, 430, x + 62, 600), fill="#6b4f3a")
            draw.ellipse((x - 30, 300, x + 130, 470), fill=thing)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=85)
    return out.getvalue()


def _meter(stand: str) -> bytes:
    """Draw a water meter's face with white drums; those behind the comma are red."""
    whole, _comma, part = stand.partition(".")
    image = Image.new("RGB", (960, 720), "#6f7377")
    draw = ImageDraw.Draw(image)
    draw.ellipse((150, 30, 810, 690), fill="#2f6f9f", outline="#1d2a35", width=14)
    draw.ellipse((190, 70, 770, 650), fill="#f3f2ec")
    draw.text((480, 170), "Kaltwasser", font=ImageFont.load_default(38), fill="#555", anchor="mm")
    left = 480 - 58 * len(whole + part) // 2
    draw.rectangle((left - 12, 270, 480 + 58 * len(whole + part) // 2 + 12, 394), fill="#20242a")
    for place, digit in enumerate(whole + part):
        x = left + 58 * place
        draw.rectangle((x + 3, 282, x + 55, 382), fill="#f7f7f2" if place < len(whole) else "#c22f2a")
        ink = "#16181c" if place < len(whole) else "#fff"
        draw.text((x + 29, 332), digit, font=ImageFont.load_default(80), fill=ink, anchor="mm")
    draw.text((484, 468), "m", font=ImageFont.load_default(44), fill="#333", anchor="rs")
    draw.text((486, 450), "3", font=ImageFont.load_default(24), fill="#333", anchor="ls")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=88)
    return out.getvalue()


def tone(seconds: float = 2.0) -> bytes:
    """Hum a melody as WAV: it stands for a voice message."""
    out = io.BytesIO()
    rate = 8000
    with wave.open(out, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(rate)
        for step in range(int(seconds * rate)):
            pitch = 220 * (1 + 0.25 * (int(step / rate * 4) % 3))
            sound.writeframesraw(struct.pack("<h", int(9000 * math.sin(2 * math.pi * pitch * step / rate))))
    return out.getvalue()
