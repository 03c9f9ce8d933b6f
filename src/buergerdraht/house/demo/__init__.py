"""Musterstadt: an invented town to look at. Made by the rooms' own verbs wherever they can tell the past."""
