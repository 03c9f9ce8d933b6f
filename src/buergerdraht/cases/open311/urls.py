"""Open311 GeoReport v2: cases for the apps and systems of the field, by the specification's text.

Below /open311/ for all authorities (jurisdiction_id says which), below /open311/<organisation>/ for one; a slash at the end is no matter.
"""

from django.urls import re_path

from buergerdraht.cases.open311 import discovery, reading, updates, writing
from buergerdraht.cases.open311.calls import endpoint
from buergerdraht.cases.open311.views import lost

app_name = "open311"
WHO = r"^(?:(?P<jurisdiction>[-a-zA-Z0-9_]{1,50})/)?"
END = r"\.(?P<form>[a-zA-Z0-9]{1,10})/?$"

urlpatterns = [
    re_path(WHO + "discovery" + END, endpoint("discovery", GET=discovery.discovery)),
    re_path(WHO + "v2/services" + END, endpoint("services", GET=reading.services)),
    re_path(WHO + "v2/services/(?P<code>[^/]{1,100})" + END, endpoint("service_definition", GET=reading.definition)),
    re_path(WHO + "v2/requests" + END, endpoint("service_requests", GET=reading.requests, POST=writing.report)),
    re_path(WHO + "v2/requests/(?P<number>[^/]{1,100})" + END, endpoint("service_requests", GET=reading.request)),
    re_path(WHO + "v2/tokens/(?P<token>[^/]{1,100})" + END, endpoint("service_requests", GET=reading.token)),
    re_path(WHO + "v2/servicerequestupdates" + END, endpoint("service_request_updates", GET=updates.listing, POST=updates.add)),
    re_path(r"^(?P<rest>[\s\S]*)\Z", lost),
]
