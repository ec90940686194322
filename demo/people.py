"""Who has an account at the demo's sign-in provider."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    """Somebody who has an account at the provider."""

    sub: str
    name: str
    email: str
    what: str
    email_verified: bool = True


PEOPLE = (
    Person("wp-1001", "Rita Sandhu", "rita@brightwater.example", "works for Brightwater Utilities"),
    Person("wp-1002", "Tomasz Zieliński", "t.zielinski@nadodrze.example", "works for Zakłady Nadodrze"),
    Person("wp-1003", "Елена Соколова", "e.sokolova@severvoda.example", "works for СеверВода"),
    Person("wp-1004", "Борис Димитров", "b.dimitrov@trakia-foods.example", "works for Тракия Фуудс"),
    Person("wp-1005", "Dana Price", "dana.price@mailhaven.example", "writes from a private address"),
    Person("wp-1006", "Newcomer", "newcomer@brightwater.example", "address not verified by the provider", False),
)
