"""The people in the tests. Their names say what they may do, so a test reads as a sentence.

Alice owns Kestrel Pumps, Mona moderates for it, Anna only reads figures. Charlie owns the other supplier,
Otter Bearings, and must be kept out of everything of Kestrel's. Rita buys for Brightwater Utilities.
Olga works for the platform.
"""

from __future__ import annotations

from dataclasses import dataclass

PASSWORD = "grey kestrel over wet stones"


@dataclass(frozen=True)
class Persona:
    """Somebody with an address."""

    name: str
    email: str
    password: str = PASSWORD


ALICE = Persona("Alice Moreau", "alice@kestrel.example")
MONA = Persona("Mona Petrov", "mona@kestrel.example")
ANNA = Persona("Anna Lindqvist", "anna@kestrel.example")
CHARLIE = Persona("Charlie Ndiaye", "charlie@otter.example")
OLGA = Persona("Olga Brandt", "olga@avouch.test")
RITA = Persona("Rita Sandhu", "rita@brightwater.example")
EVE = Persona("Eve Marlow", "eve@evil.example")
