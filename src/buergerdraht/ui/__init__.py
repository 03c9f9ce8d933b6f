"""KERN made Django: template tags, form widgets, base templates, the shell, htmx pieces. Knows no table."""
