"""Certificates: proofs of a network's answers on a whole domain, and bounds that are cheaper than running it."""
