"""The demo: Avouch with everything around it on one machine, offline. Not part of what is deployed."""
