"""Bookable times: what can be booked, when, and who did. Never the asking for it step by step: that is a dialog's business."""
