"""Films and sounds as messengers take them: H.264 in MP4 and Opus in Ogg. Chromium encodes, the containers are written here."""

from __future__ import annotations

import base64
import struct
from typing import Any

from playwright.sync_api import Page

RATE = 48_000
# Frames are SVG; each is drawn on a canvas and encoded. Comes back: the decoder's settings, and [is a key frame, bytes] for each frame.
FILM = """async ({frames, width, height, rate}) => {
  const out = []; let settings = null
  const text = bytes => btoa(Array.from(bytes, each => String.fromCharCode(each)).join(''))
  const encoder = new VideoEncoder({error: problem => { throw problem }, output: (chunk, more) => {
    if (more.decoderConfig && more.decoderConfig.description) settings = text(new Uint8Array(more.decoderConfig.description))
    const bytes = new Uint8Array(chunk.byteLength); chunk.copyTo(bytes); out.push([chunk.type === 'key', text(bytes)])
  }})
  encoder.configure({codec: 'avc1.42001f', width, height, bitrate: 220000, framerate: rate, avc: {format: 'avc'}})
  const canvas = new OffscreenCanvas(width, height), pen = canvas.getContext('2d')
  for (const [number, svg] of frames.entries()) {
    const image = new Image(); image.src = 'data:image/svg+xml;charset=utf-8,' + encodeURIComponent(svg); await image.decode()
    pen.drawImage(image, 0, 0, width, height)
    const frame = new VideoFrame(canvas, {timestamp: number * 1e6 / rate, duration: 1e6 / rate})
    encoder.encode(frame, {keyFrame: number % (rate * 2) === 0}); frame.close()
  }
  await encoder.flush(); return {settings, frames: out}
}"""
SOUND = """async samples => {
  const out = [], text = bytes => btoa(Array.from(bytes, each => String.fromCharCode(each)).join(''))
  const encoder = new AudioEncoder({error: problem => { throw problem }, output: chunk => {
    const bytes = new Uint8Array(chunk.byteLength); chunk.copyTo(bytes); out.push(text(bytes))
  }})
  encoder.configure({codec: 'opus', sampleRate: 48000, numberOfChannels: 1, bitrate: 48000, opus: {frameDuration: 20000}})
  const data = new Float32Array(Uint8Array.from(atob(samples), each => each.charCodeAt(0)).buffer)
  encoder.encode(new AudioData({format: 'f32', sampleRate: 48000, numberOfFrames: data.length, numberOfChannels: 1, timestamp: 0, data}))
  await encoder.flush(); return out
}"""


def film(page: Page, frames: list[str], width: int, height: int, rate: int) -> bytes:
    """Encode drawings to a film without sound."""
    made: Any = page.evaluate(FILM, {"frames": frames, "width": width, "height": height, "rate": rate})
    samples = [(key, base64.b64decode(data)) for key, data in made["frames"]]
    return _mp4(base64.b64decode(made["settings"]), samples, (width, height), rate)


def sound(page: Page, samples: list[float]) -> bytes:
    """Encode samples between -1 and 1, at 48,000 a second."""
    heard = base64.b64encode(struct.pack(f"<{len(samples)}f", *samples)).decode()
    packets = page.evaluate(SOUND, heard)
    return _ogg([base64.b64decode(each) for each in packets], len(samples))


# ── MP4 (ISO/IEC 14496-12, -15) ───────────────────────────────────────────


def _atom(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + kind + body


def _full(kind: bytes, *parts: bytes, flags: int = 0) -> bytes:
    return _atom(kind, struct.pack(">I", flags), *parts)


MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def _mp4(settings: bytes, samples: list[tuple[bool, bytes]], size: tuple[int, int], rate: int) -> bytes:
    kind = _atom(b"ftyp", b"isom", struct.pack(">I", 512), b"isomiso2avc1mp41")
    begin = len(kind) + len(_moov(settings, samples, size, rate, 0)) + 8  # the moov is as long whatever it says
    return kind + _moov(settings, samples, size, rate, begin) + _atom(b"mdat", *(data for _key, data in samples))


def _moov(settings: bytes, samples: list[tuple[bool, bytes]], size: tuple[int, int], rate: int, begin: int) -> bytes:
    width, height = size
    span = len(samples) * 1_000 // rate
    keys = [number for number, (key, _data) in enumerate(samples, 1) if key]
    entry = _atom(
        b"avc1", bytes(6), struct.pack(">H", 1), bytes(16), struct.pack(">HHIIIH", width, height, 0x480000, 0x480000, 0, 1), bytes(32),
        struct.pack(">Hh", 24, -1), _atom(b"avcC", settings),
    )  # fmt: skip
    table = _atom(
        b"stbl", _full(b"stsd", struct.pack(">I", 1), entry), _full(b"stts", struct.pack(">III", 1, len(samples), 1_000 // rate)),
        _full(b"stss", struct.pack(f">I{len(keys)}I", len(keys), *keys)), _full(b"stsc", struct.pack(">IIII", 1, 1, len(samples), 1)),
        _full(b"stsz", struct.pack(f">II{len(samples)}I", 0, len(samples), *(len(data) for _key, data in samples))),
        _full(b"stco", struct.pack(">II", 1, begin)),
    )  # fmt: skip
    where = _atom(b"dinf", _full(b"dref", struct.pack(">I", 1), _full(b"url ", flags=1)))
    media = _atom(
        b"mdia", _full(b"mdhd", struct.pack(">IIIIHH", 0, 0, 1_000, span, 0x55C4, 0)),
        _full(b"hdlr", struct.pack(">I", 0), b"vide", bytes(12), b"video\0"), 
        _atom(b"minf", _full(b"vmhd", bytes(8), flags=1), where, table),
    )  # fmt: skip
    track = _full(
        b"tkhd", struct.pack(">IIIII", 0, 0, 1, 0, span), bytes(16), MATRIX, struct.pack(">II", width << 16, height << 16), flags=3
    )
    times = struct.pack(">IIIIIH", 0, 0, 1_000, span, 0x10000, 0x100)
    head = _full(b"mvhd", times, bytes(10), MATRIX, bytes(24), struct.pack(">I", 2))
    return _atom(b"moov", head, _atom(b"trak", track, media))


# ── Ogg with Opus (RFC 3533, RFC 7845) ────────────────────────────────────

SERIAL, SKIP = 0x4275, 312


def _ogg(packets: list[bytes], samples: int) -> bytes:
    head = b"OpusHead" + struct.pack("<BBHIhB", 1, 1, SKIP, RATE, 0, 0)
    tags = b"OpusTags" + struct.pack("<I", 12) + b"Buergerdraht" + struct.pack("<I", 0)
    pages = [_page([head], 0, 0, 2), _page([tags], 0, 1, 0)]
    for number, start in enumerate(range(0, len(packets), 50)):
        some = packets[start : start + 50]
        last = start + 50 >= len(packets)
        pages.append(_page(some, samples + SKIP if last else (start + len(some)) * 960, number + 2, 4 if last else 0))
    return b"".join(pages)


def _page(packets: list[bytes], position: int, number: int, flags: int) -> bytes:
    lacing = b"".join(b"\xff" * (len(each) // 255) + bytes([len(each) % 255]) for each in packets)
    head = struct.pack("<4sBBqIII", b"OggS", 0, flags, position, SERIAL, number, 0) + bytes([len(lacing)]) + lacing
    page = head + b"".join(packets)
    return page[:22] + struct.pack("<I", _crc(page)) + page[26:]


def _crc(data: bytes) -> int:
    found = 0
    for byte in data:
        found ^= byte << 24
        for _bit in range(8):
            found = (found << 1) ^ 0x04C11DB7 if found & 0x80000000 else found << 1
        found &= 0xFFFFFFFF
    return found
