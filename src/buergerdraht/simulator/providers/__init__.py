"""The doubles, one module each with a `PROVIDER`. None knows another."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from buergerdraht.simulator.delivery import Delivery
from buergerdraht.simulator.provider import Provider
from buergerdraht.simulator.town import Town


def providers(town: Town, delivery: Delivery) -> dict[str, Provider]:
    """Make every double there is, by kind."""
    modules = [import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    made = [module.PROVIDER(town, delivery) for module in modules if hasattr(module, "PROVIDER")]
    return {each.kind: each for each in made}
