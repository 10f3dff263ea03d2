"""Networks: the plain forward pass, the fast engine that works with tables, and what a network computes on a domain."""
