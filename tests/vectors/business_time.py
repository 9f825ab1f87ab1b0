"""Writes business_time.txt: business time counted minute by minute with Python's zoneinfo, an implementation of its own.

Run by hand, when cases are added: python3 tests/vectors/business_time.py > tests/vectors/business_time.txt
"""

import datetime
import random
import zoneinfo

UTC = datetime.timezone.utc
HEAD = """\
# Business time, counted minute by minute by tests/vectors/business_time.py with Python's zoneinfo. Seconds
# since 1970-01-01T00:00:00Z; weekdays from 0, Monday; minutes of the day.
#
#   hours NAME ZONE             begins one; its zone's offset changes and openings follow
#   offset S                    before the first change
#   change AT S                 from AT on
#   week DAY FROM UNTIL         open every week
#   day DATE DAYS               a date of its own, and its number; its openings follow as `open FROM UNTIL`
#   between A B OPEN REASON     so much of [A, B) is open
#   after A OPEN AT REASON      so much has passed first at AT
"""

OFFICE = {day: [(540, 1020)] for day in range(5)}  # 9 to 17
NIGHT = {day: [(0, 360), (1320, 1440)] for day in range(7)}  # 22 to 6
SPLIT = {day: [(480, 720), (780, 1050)] for day in range(5)}
ALWAYS = {day: [(0, 1440)] for day in range(7)}
SUNDAY = {6: [(60, 240)]}  # 1 to 4: the hours that daylight saving skips and doubles

HOLIDAYS = {
    "2026-12-24": [(540, 720)],  # a half-day
    "2026-12-25": [],
    "2026-12-26": [],  # a Saturday
    "2027-01-01": [],
    "2028-02-29": [],  # a leap day, a Tuesday
    "2026-11-28": [(600, 660)],  # a Saturday with an hour
}

HOURS = [
    ("berlin", "Europe/Berlin", OFFICE, HOLIDAYS),
    ("berlin_night", "Europe/Berlin", NIGHT, {"2026-12-25": []}),
    ("berlin_sunday", "Europe/Berlin", SUNDAY, {}),
    ("new_york", "America/New_York", SPLIT, {"2026-11-26": []}),
    ("new_york_sunday", "America/New_York", SUNDAY, {}),
    ("lord_howe", "Australia/Lord_Howe", OFFICE, {}),
    ("lord_howe_sunday", "Australia/Lord_Howe", SUNDAY, {}),
    ("kolkata", "Asia/Kolkata", OFFICE, {"2026-01-26": []}),
    ("utc", "UTC", ALWAYS, {}),
    ("chatham", "Pacific/Chatham", NIGHT, {}),
]

# Local instants: what each pair crosses.
SPANS = [
    ("2026-03-02T00:00", "2026-03-03T00:00", "a day"),
    ("2026-03-02T10:07", "2026-03-09T10:07", "a week"),
    ("2026-03-27T12:00", "2026-03-30T12:00", "Europe goes to summer time"),
    ("2026-10-23T12:00", "2026-10-26T12:00", "Europe goes back"),
    ("2026-03-06T12:00", "2026-03-09T12:00", "America goes to summer time"),
    ("2026-10-30T12:00", "2026-11-02T12:00", "America goes back"),
    ("2026-04-03T12:00", "2026-04-06T12:00", "Lord Howe goes back by half an hour"),
    ("2026-10-02T12:00", "2026-10-05T12:00", "Lord Howe goes forward by half an hour"),
    ("2026-12-21T08:00", "2027-01-04T18:00", "a year's end with its holidays"),
    ("2028-02-28T08:00", "2028-03-01T18:00", "a leap day"),
    ("2027-02-26T08:00", "2027-03-01T18:00", "no leap day"),
    ("2026-01-01T00:00", "2026-02-01T00:00", "a month"),
    ("2026-06-05T16:59", "2026-06-08T09:01", "a weekend"),
    ("2026-11-27T12:00", "2026-11-30T12:00", "a Saturday with hours"),
    ("2026-05-05T22:30", "2026-05-06T06:30", "over midnight"),
    ("2026-05-05T11:00", "2026-05-05T11:00", "no time"),
]

# A local instant, minutes of open time.
BUDGETS = [
    ("2026-03-02T09:00", 60, "an hour"),
    ("2026-03-02T07:00", 480, "a day that has not begun"),
    ("2026-03-06T16:30", 60, "over a weekend"),
    ("2026-03-28T12:00", 300, "Europe goes to summer time"),
    ("2026-10-24T12:00", 300, "Europe goes back"),
    ("2026-10-31T12:00", 300, "America goes back"),
    ("2026-04-04T12:00", 300, "Lord Howe goes back"),
    ("2026-10-03T12:00", 300, "Lord Howe goes forward"),
    ("2026-12-23T15:00", 2400, "a year's end"),
    ("2028-02-28T16:00", 600, "a leap day"),
    ("2026-01-01T00:00", 9600, "a month of work"),
]


def stamp(instant):
    return int(instant.timestamp())


def changes(zone):
    """Of 2025 to 2029, to the minute."""
    at, end = stamp(datetime.datetime(2025, 1, 1, tzinfo=UTC)), stamp(datetime.datetime(2030, 1, 1, tzinfo=UTC))
    offset = lambda s: int(datetime.datetime.fromtimestamp(s, zone).utcoffset().total_seconds())
    found, first = [], offset(at)
    while at < end:
        if offset(at + 86400) != offset(at):
            minute = next(m for m in range(at, at + 86401, 60) if offset(m) != offset(at))
            found.append((minute, offset(minute)))
        at += 86400
    return first, found


class Hours:
    def __init__(self, zone, week, days):
        self.zone, self.week = zone, week
        self.days = {datetime.date.fromisoformat(date): spans for date, spans in days.items()}

    def open_at(self, second):
        local = datetime.datetime.fromtimestamp(second, self.zone)
        minute = local.hour * 60 + local.minute
        spans = self.days.get(local.date(), self.week.get(local.weekday(), []))
        return any(begin <= minute < end for begin, end in spans)

    def between(self, begin, end):
        return sum(60 for second in range(begin, end, 60) if self.open_at(second))

    def after(self, begin, minutes):
        second = begin
        while minutes > 0:
            minutes -= self.open_at(second)
            second += 60
        return second


def local(text, zone):
    return stamp(datetime.datetime.fromisoformat(text).replace(tzinfo=zone))


def main():
    print(HEAD, end="")
    for name, zone_name, week, days in HOURS:
        zone = zoneinfo.ZoneInfo(zone_name)
        hours = Hours(zone, week, days)
        first, found = changes(zone)
        print(f"\nhours {name} {zone_name}\noffset {first}")
        for at, offset in found:
            print(f"change {at} {offset}")
        for day, spans in week.items():
            for begin, end in spans:
                print(f"week {day} {begin} {end}")
        for date, spans in sorted(days.items()):
            print(f"day {date} {(datetime.date.fromisoformat(date) - datetime.date(1970, 1, 1)).days}")
            for begin, end in spans:
                print(f"open {begin} {end}")
        for begin, end, reason in SPANS:
            a, b = local(begin, zone), local(end, zone)
            print(f"between {a} {b} {hours.between(a, b)} {reason}")
        for begin, minutes, reason in BUDGETS:
            a = local(begin, zone)
            print(f"after {a} {minutes * 60} {hours.after(a, minutes)} {reason}")
        chance = random.Random(name)
        for _ in range(6):
            a = stamp(datetime.datetime(2026, 1, 1, tzinfo=UTC)) + 60 * chance.randrange(2 * 365 * 1440)
            b = a + 60 * chance.randrange(90 * 1440)
            print(f"between {a} {b} {hours.between(a, b)} chance")


if __name__ == "__main__":
    main()
