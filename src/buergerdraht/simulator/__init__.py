"""Plays the providers strictly by their documentation, with phones to write from. Knows nothing of the product."""
