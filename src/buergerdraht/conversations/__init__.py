"""The operators' inbox: threads with citizens, what was said, who answers. Never decides whether we may write (contacts.outreach does)."""
