"""The citizens' pages: what an authority tells everybody, and the ways to be told. Public, without sign-in, without cookies.

Nobody is written to from here but through `contacts.outreach`; nothing of a citizen is kept here.
"""
