"""Names of Telegram's that are not read, and why.

https://core.telegram.org/bots/api#update and #message
"""

# Kinds of updates that exist and are none of a messenger desk's business. What is in neither table is kept as a problem.
NOT_OURS = frozenset(
    [
        "channel_post",
        "edited_channel_post",
        "business_connection",
        "business_message",
        "edited_business_message",
        "deleted_business_messages",
        "message_reaction_count",
        "inline_query",
        "chosen_inline_result",
        "shipping_query",
        "pre_checkout_query",
        "purchased_paid_media",
        "poll",
        "poll_answer",
        "chat_member",
        "chat_join_request",
        "chat_boost",
        "removed_chat_boost",
        "managed_bot",
        "guest_message",
    ]
)
# Notices a private chat writes about itself, said by nobody.
NOTICES = frozenset(
    [
        "pinned_message",
        "message_auto_delete_timer_changed",
        "write_access_allowed",
        "connected_website",
        "chat_background_set",
        "boost_added",
        "delete_chat_photo",
        "new_chat_photo",
        "new_chat_title",
        "group_chat_created",
        "successful_payment",
        "refunded_payment",
    ]
)
# What surrounds a message, whatever it is made of.
ENVELOPE = frozenset(
    [
        "message_id",
        "message_thread_id",
        "from",
        "sender_chat",
        "sender_boost_count",
        "sender_business_bot",
        "sender_tag",
        "date",
        "business_connection_id",
        "chat",
        "forward_origin",
        "is_topic_message",
        "is_automatic_forward",
        "reply_to_message",
        "external_reply",
        "quote",
        "reply_to_story",
        "reply_to_checklist_task_id",
        "via_bot",
        "edit_date",
        "has_protected_content",
        "is_from_offline",
        "is_paid_post",
        "media_group_id",
        "author_signature",
        "paid_star_count",
        "entities",
        "link_preview_options",
        "effect_id",
        "caption",
        "caption_entities",
        "show_caption_above_media",
        "has_media_spoiler",
        "reply_markup",
        "direct_messages_topic",
        "suggested_post_info",
    ]
)
