"""What does it compute? The function in a table of answers over a whole finite domain, found from the answers alone."""
