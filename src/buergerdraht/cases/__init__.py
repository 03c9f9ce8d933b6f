"""Matters of citizens, from the messenger to "erledigt": categories, cases, photos, followers, what happened.

Threads live in conversations; a case only points at what was said there. What walks ask for belongs to dialogs, which open cases here.
"""
