"""Citizens as the authority may know them: contacts, addresses, topics, subscriptions, consents, districts, and the one door out (`outreach`). Never the text of a conversation."""
