"""What the demo's suppliers sell. The shop's pages and the seeding both read it."""

from __future__ import annotations

from dataclasses import dataclass

OWN_WEBSITE = "https://kestrel-pumps.example"


@dataclass(frozen=True)
class Item:
    """A subject as the supplier knows it, and as its shop describes it."""

    sku: str
    name: str
    kind: str
    path: str
    picture: str
    tagline: str
    paragraphs: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    price: str = ""
    mpn: str | None = None
    gtin: str | None = None


KESTREL = (
    Item(
        "KP-CR45",
        "CR 45 end-suction pump",
        "product",
        "cr-45",
        "cr45.svg",
        "The one that runs while you think about something else.",
        (
            "A single-stage end-suction pump to EN 733 for clean and slightly dirty water: circulation, transfer, "
            "irrigation and boosting. Back pull-out, so the motor and the pipework stay where they are when the seal "
            "is due.",
            "Impeller and casing are matched on our own test bed in Halden; every pump ships with its measured curve, "
            "not the catalogue's.",
        ),
        (
            ("Flow", "12 to 90 m³/h"),
            ("Head", "8 to 52 m"),
            ("Motor", "7.5 kW, IE4, 2-pole"),
            ("Materials", "EN-GJL-250 casing, bronze or 1.4408 impeller"),
            ("Seal", "cartridge, SiC/SiC, EN 12756"),
            ("Liquid", "−20 to 120 °C"),
        ),
        "from € 2,480",
        "CR45-7.5-B",
        "4012345000016",
    ),
    Item(
        "KP-MS90",
        "MS 90 multistage booster",
        "product",
        "ms-90",
        "ms90.svg",
        "Steady pressure on the ninth floor at six in the evening.",
        (
            "Vertical multistage pumps in sets of two to four with one variable-speed drive each. They share the load "
            "and the hours, and any one may be taken out while the others run.",
            "The controller speaks Modbus and BACnet and keeps a year of pressures for whoever has to prove them.",
        ),
        (
            ("Flow", "up to 240 m³/h"),
            ("Pressure", "up to 16 bar"),
            ("Pumps in a set", "2, 3 or 4"),
            ("Drive", "one per pump, IE5 synchronous motor"),
            ("Drinking water", "KTW-BWGL, WRAS, PZH"),
        ),
        "from € 9,900 for a set of two",
        "MS90-3-VS",
        "4012345000023",
    ),
    Item(
        "KP-DX12",
        "DX 12 dosing pump",
        "product",
        "dx-12",
        "dx12.svg",
        "Twelve litres an hour, or one drop a minute.",
        (
            "A stepper-driven diaphragm pump for chlorine, flocculants, acids and lyes. It doses evenly over the whole "
            "stroke rather than in kicks, which keeps residuals flat.",
            "Air in the suction line is noticed and vented; an empty drum is an alarm, not a surprise.",
        ),
        (
            ("Capacity", "0.002 to 12 l/h"),
            ("Back pressure", "up to 10 bar"),
            ("Turn-down", "1 : 3000"),
            ("Wetted parts", "PVDF, PTFE, ceramics"),
            ("Signals", "4–20 mA, pulse, Modbus RTU"),
        ),
        "from € 1,140",
        "DX12-PVDF",
        "4012345000030",
    ),
    Item(
        "KP-SV150",
        "SV 150 submersible sewage pump",
        "product",
        "sv-150",
        "sv150.svg",
        "Swallows what people should not have flushed.",
        (
            "A vortex impeller with 100 mm free passage, for raw sewage and storm water. Wipes pass through it; it does "
            "not try to cut them.",
            "Moisture sensors in the oil chamber and the terminal box report through the cable, so a leaking seal is a "
            "note in the diary and not a rewound motor.",
        ),
        (
            ("Flow", "up to 310 m³/h"),
            ("Free passage", "100 mm"),
            ("Motor", "15 kW, IP 68, 20 m"),
            ("Ex", "II 2G Ex db h IIB T4"),
            ("Discharge", "DN 150, guide rail or free standing"),
        ),
        "from € 6,350",
        "SV150-15-EX",
        "4012345000047",
    ),
    Item(
        "KP-CARE",
        "Kestrel Care maintenance",
        "service",
        "care",
        "care.svg",
        "Somebody who knows the pump, before it stops.",
        (
            "Two visits a year, vibration and seal checks, spare parts on your shelf and ours, and a fitter at your "
            "door within a working day. One price a pump and year, whatever breaks.",
        ),
        (
            ("Visits", "2 a year, dates that suit you"),
            ("Response", "next working day in 11 countries"),
            ("Parts", "wear parts included"),
            ("Report", "measured values and photographs, in your language"),
        ),
        "from € 390 a pump and year",
    ),
    Item(
        "KESTREL",
        "Kestrel Pumps",
        "supplier",
        "about",
        "works.svg",
        "Pumps from Halden since 1961.",
        (
            "We are 140 people by the river Tista. We cast, turn, wind, assemble and test under one roof, and we answer "
            "the telephone.",
        ),
        (
            ("Founded", "1961"),
            ("People", "140"),
            ("Pumps a year", "about 9,000"),
            ("Certified", "ISO 9001, ISO 14001"),
        ),
    ),
)

OTTER = (
    Item("OB-6204", "OB 6204 deep groove bearing", "product", "ob-6204", "", "", mpn="6204-2RS-C3"),
    Item("OB-UC205", "UC 205 insert bearing", "product", "uc-205", "", "", mpn="UC205"),
)
