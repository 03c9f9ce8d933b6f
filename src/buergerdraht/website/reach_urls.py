"""Where one is reached without a messenger: chat page and push page, included by urls.py."""

from django.urls import path

from buergerdraht.website import chat_views, push_views

paths = [
    path("<slug:organisation>/chat", chat_views.page, name="chat"),
    path("<slug:organisation>/chat/", chat_views.page, name="chat_window"),
    path("<slug:organisation>/chat/stand", chat_views.state, name="chat_state"),
    path("<slug:organisation>/chat/gesehen", chat_views.seen, name="chat_seen"),
    path("<slug:organisation>/chat/code", chat_views.code, name="chat_code"),
    path("<slug:organisation>/chat/widget.js", chat_views.widget, name="chat_widget"),
    path("<slug:organisation>/chat/datei/<str:signed>", chat_views.file, name="chat_file"),
    path("<slug:organisation>/push", push_views.page, name="push"),
    path("<slug:organisation>/push/app.webmanifest", push_views.manifest, name="push_manifest"),
    path("<slug:organisation>/push/symbol-<int:size>.png", push_views.icon, name="push_icon"),
    path("<slug:organisation>/push/sw.js", push_views.worker, name="push_worker"),
    path("<slug:organisation>/push/anmelden", push_views.sign_up, name="push_sign_up"),
    path("<slug:organisation>/push/stand", push_views.state, name="push_state"),
    path("<slug:organisation>/push/abmelden", push_views.leave, name="push_leave"),
    path("<slug:organisation>/push/erneuern", push_views.renew, name="push_renew"),
]
