"""Instagram Direct: messages of a professional account tied to a Page. What it shares with Messenger lies in connectors/graph_*.py."""
