"""The sentences the house says to citizens: ours, the authority's own in their place, in every language it offers.

Rooms bring their sentences as a `Shelf` (shelves.py); what an authority wrote itself lies in a table and is asked first. Never what a
citizen wrote, never a broadcast, an article or a dialog: those are texts of their rooms.
"""
