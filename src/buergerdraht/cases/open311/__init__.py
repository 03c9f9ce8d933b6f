"""Open311 GeoReport v2: cases for the apps and systems of the field, by the specification's text."""
