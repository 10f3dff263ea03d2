"""Evidence: interventions on the network that an explanation must survive, and controls that it must beat."""
