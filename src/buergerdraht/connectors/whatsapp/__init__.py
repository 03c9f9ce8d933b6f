"""WhatsApp by the Cloud API, straight from Meta or through a partner. Never a decision when to try again."""
