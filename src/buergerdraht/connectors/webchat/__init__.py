"""The authority's own chat page as a messenger: what is sent is shown there, what is written there comes in by the same door."""
