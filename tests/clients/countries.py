"""Writes a database of countries by the library that others write theirs with: the file, then NETWORK=CODE. A code in
small letters is where the network's owner is, and nothing says where its viewers are.
"""

import sys

import mmdb_writer
import netaddr

file, *networks = sys.argv[1:]
writer = mmdb_writer.MMDBWriter(6, "GeoLite2-Country", languages=["en"], ipv4_compatible=True)
for network, code in (pair.split("=") for pair in networks):
    place = "registered_country" if code.islower() else "country"
    country = {"iso_code": code.upper(), "names": {"en": f"the country {code}"}}
    writer.insert_network(netaddr.IPSet([network]), {"continent": {"code": "EU"}, place: country})
writer.to_db_file(file)
