"""What SMS allows. 3GPP TS 23.040 9.2.3.24.1 lets 255 parts be joined; phones and gateways are sure of ten."""

from buergerdraht.connectors.contract import Limits

MOST_PARTS = 10
NAMED_SIGNS = 5  # strange signs that a note names

LIMITS = Limits(
    text=1530,
    caption=0,
    buttons=0,
    button_title=0,
    rate=10.0,  # what small accounts are granted; the operator may enter more
    most_rate=200.0,
    pair_interval=1.0,
    pair_burst=3,
    delivered=True,
    may_start=True,
)
