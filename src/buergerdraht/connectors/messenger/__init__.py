"""Facebook Messenger: messages of a Page. What it shares with Instagram lies in connectors/graph_*.py."""
