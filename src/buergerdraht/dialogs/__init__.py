"""Automatic conversations: documents of steps, citizens' walks through them, the editor. What people answer lives in conversations.

The shape, from the inside outwards (docs/development/dialogs.md tells it at length):
- `document` is what a dialog is: steps in a readable file, checked as it is read; `checking` finds what would go wrong in it;
- `machine` moves one citizen's `Walk` through a document, given what they said and a `World`. It is pure: no table, no clock;
- `world` is the World of the house (outreach, contacts, appointments, meters); `played` is one that only pretends, for the
  editor's phone, the recorded examples and the property tests;
- `sessions` keeps walks in the table, one per citizen, and is asked on the way in; `pulse` wakes them when their time has come.
"""
