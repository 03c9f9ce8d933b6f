"""A part of the program as it runs on one machine, with the provider of the fault tests among those it knows. Run as a program only."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "faults"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "buergerdraht.settings")

if __name__ == "__main__":
    import django

    django.setup()
    import wire

    from buergerdraht.house import program

    wire.register()
    getattr(program, sys.argv[1])()
