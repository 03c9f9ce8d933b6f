"""E-mail: SMTP submission out, IMAP in. Never a decision when to try again."""
