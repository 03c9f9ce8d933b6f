"""One process of the program, web, engine or worker, that also knows the provider of wire.py."""

from __future__ import annotations

import faulthandler
import os
import signal
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "buergerdraht.settings")

import django

django.setup()

import wire  # noqa: E402 - the apps must be loaded first

from buergerdraht.house import program  # noqa: E402

wire.register()
faulthandler.register(signal.SIGUSR1)
{"web": program.web, "engine": program.engine, "worker": program.worker}[sys.argv[1]]()
