"""Figures over all rooms, read only: what is to be done now, how the week went. Never writes, never guesses a figure."""
