"""Citizens as the authority may know them: contacts, addresses, topics, subscriptions, consents, districts, the one door out.

Never the text of a conversation, never a provider.
"""
