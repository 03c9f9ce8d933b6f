"""Sounds of work, made of noise and tones: nobody was recorded. One second has 48,000 samples."""

from __future__ import annotations

from math import pi

import numpy as np

RATE, SECONDS = 48_000, 7
Wave = np.ndarray[tuple[int], np.dtype[np.float64]]


def forst() -> Wave:
    """Wind in the trees, two birds that answer each other, an axe far away."""
    chance, heard = np.random.default_rng(7), np.zeros(RATE * SECONDS)
    wind = _soft(chance.normal(size=len(heard)), 200) * (0.6 + 0.4 * np.sin(np.linspace(0, 4 * pi, len(heard))))
    heard += 0.9 * wind
    for begin, base in ((0.5, 3_200), (1.9, 2_600), (3.1, 3_400), (4.3, 2_500), (5.4, 3_200)):
        for number in range(4):
            _lay(heard, begin + number * 0.16, 0.14 * _glide(base + 240 * (number % 2), base + 900, 0.11))
    for begin in (1.3, 2.6, 3.9, 5.2, 6.3):
        _lay(heard, begin, 0.5 * _knock(chance, 140, 0.12))
    return _level(heard)


def wasser() -> Wave:
    """Water that runs into a basin, single drops, a pump that hums."""
    chance, heard = np.random.default_rng(3), np.zeros(RATE * SECONDS)
    heard += 0.5 * _soft(chance.normal(size=len(heard)), 24)
    heard += 0.02 * np.sin(2 * pi * 98 * np.arange(len(heard)) / RATE)
    for begin in np.cumsum(chance.uniform(0.07, 0.3, 32)):
        base = float(chance.uniform(500, 1_300))
        _lay(heard, float(begin), 0.16 * _glide(base, base * 1.9, 0.06))
    return _level(heard)


def informatik() -> Wave:
    """Keys of a keyboard, in the pace of somebody who thinks, and a signal when it is done."""
    chance, heard = np.random.default_rng(5), np.zeros(RATE * SECONDS)
    heard += 0.012 * _soft(chance.normal(size=len(heard)), 60)
    for begin in np.cumsum(chance.choice([0.09, 0.12, 0.15, 0.5], 40, p=[0.35, 0.3, 0.25, 0.1])):
        _lay(heard, float(begin), float(chance.uniform(0.35, 0.6)) * _knock(chance, float(chance.uniform(900, 1_700)), 0.03))
    for number, tone in enumerate((660, 880)):
        _lay(heard, 6.1 + number * 0.18, 0.2 * _glide(tone, tone, 0.4))
    return _level(heard)


def kochen() -> Wave:
    """A pan that sizzles, a knife on a board, a lid."""
    chance, heard = np.random.default_rng(9), np.zeros(RATE * SECONDS)
    white = chance.normal(size=len(heard))
    heard += 0.05 * (white - _soft(white, 6)) * np.linspace(0.4, 1, len(heard))
    for begin in np.arange(0.6, 4.4, 0.17):
        _lay(heard, float(begin), 0.4 * _knock(chance, 320, 0.05))
    _lay(heard, 5.2, 0.25 * (_glide(1_870, 1_850, 0.9) + 0.6 * _glide(3_120, 3_110, 0.9)))
    return _level(heard)


def _soft(noise: Wave, width: int) -> Wave:
    """Noise without its high tones."""
    return np.convolve(noise, np.hanning(width) / np.hanning(width).sum(), "same")


def _glide(low: float, high: float, seconds: float) -> Wave:
    count = int(RATE * seconds)
    fades = np.sin(np.linspace(0, pi, count)) if seconds < 0.2 else np.exp(-np.linspace(0, 6, count))
    return np.sin(2 * pi * np.cumsum(np.linspace(low, high, count)) / RATE) * fades


def _knock(chance: np.random.Generator, tone: float, seconds: float) -> Wave:
    count = int(RATE * seconds)
    body = np.sin(2 * pi * tone * np.arange(count) / RATE) + 0.5 * _soft(chance.normal(size=count), 8)
    return body * np.exp(-np.linspace(0, 8, count))


def _lay(heard: Wave, begin: float, piece: Wave) -> None:
    start = int(begin * RATE)
    end = min(len(heard), start + len(piece))
    if start < end:
        heard[start:end] += piece[: end - start]


def _level(heard: Wave) -> Wave:
    fades = np.minimum(1, np.minimum(np.arange(len(heard)), np.arange(len(heard))[::-1]) / (RATE * 0.15))
    return heard / np.abs(heard).max() * 0.8 * fades


ALL = (forst, wasser, kochen)
