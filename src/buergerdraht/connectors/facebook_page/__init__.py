"""Public posts of a Facebook Page, and what people write below them. Messages to one person are Messenger's."""
