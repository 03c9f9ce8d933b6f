"""Places of WhatsApp that have no API: what is posted there is prepared by us and sent by a person. Never a call to anybody."""
