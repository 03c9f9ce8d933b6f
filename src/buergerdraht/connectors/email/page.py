"""The page behind the unsubscribe link: one button, in German and English. Opening it changes nothing: scanners follow links."""

PAGE = """<!doctype html>
<html lang="de"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><meta name="robots" content="noindex"><title>Abmelden</title>
<style>body{font:1.125rem/1.5 system-ui,sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;overflow-wrap:anywhere}
button{font:inherit;padding:.75rem 1.5rem;border:2px solid;border-radius:4px;background:#171a2b;color:#fff;cursor:pointer}
button:focus-visible{outline:3px solid #f5b700;outline-offset:3px}</style></head>
<body><main><h1>E-Mails abmelden</h1>
<p>Mit dem Knopf melden Sie sich von den Rundnachrichten dieser Verwaltung ab. Es gilt sofort.</p>
<p lang="en">Press the button to unsubscribe from the messages of this authority. It takes effect at once.</p>
<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click">
<button>Abmelden · <span lang="en">Unsubscribe</span></button></form></main></body></html>
"""
DONE = "Sie sind abgemeldet. / You are unsubscribed.\n"
