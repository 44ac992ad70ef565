#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use proptest::prelude::*;

fn date(text: &str) -> Date {
    Date::parse(text).unwrap()
}

fn time(text: &str) -> Time {
    Time::parse_rfc3339(text).unwrap()
}

#[test]
fn a_time_is_an_integer_in_json_and_rfc_3339_for_people() {
    let at = time("2026-11-25T17:00:00+08:00");
    assert_eq!(at.rfc3339(), "2026-11-25T09:00:00Z");
    assert_eq!(Zone::default().rfc3339(at), "2026-11-25T17:00:00+08:00");
    assert_eq!(serde_json::to_string(&at).unwrap(), at.millis().to_string());
    assert_eq!(serde_json::from_str::<Time>("1795597200000").unwrap(), at);
    assert_eq!(time("2026-11-25T09:00:00.123999Z").millis() % 1000, 123);
    assert_eq!(format!("{at:?}"), "2026-11-25T09:00:00Z");
    assert!(Time::parse_rfc3339("2026-11-25").is_err());
    assert!(Time::parse_rfc3339("2026-02-30T00:00:00Z").is_err());
}

#[test]
fn times_stay_inside_the_years_that_have_names() {
    assert_eq!(Time::from_millis(i64::MAX), Time::MAX);
    assert_eq!(serde_json::from_str::<Time>(&i64::MIN.to_string()).unwrap(), Time::MIN);
    assert_eq!(Time::MAX + Duration::days(1), Time::MAX);
    assert_eq!(Time::MIN - Duration::millis(i64::MAX), Time::MIN);
    assert_eq!(Time::MAX.rfc3339(), "9999-12-30T22:00:00Z");
    assert_eq!(Zone::default().date(Time::MAX), Date::MAX);
    assert_eq!(Zone::default().at(Date::MAX, 23, 59), Time::MAX);
    assert_eq!(Zone::default().add(Time::MAX, Span::months(u32::MAX)), Time::MAX);
}

#[test]
fn durations_are_exact() {
    assert_eq!(Duration::days(2), Duration::hours(48));
    assert_eq!(Duration::minutes(2).as_millis(), 120_000);
    assert_eq!(Duration::seconds(3).to_std().as_secs(), 3);
    assert_eq!(Duration::seconds(-3).to_std().as_secs(), 0);
    let start = time("2026-01-01T00:00:00Z");
    assert_eq!((start + Duration::hours(5)) - start, Duration::hours(5));
}

#[test]
fn only_days_that_exist_are_dates() {
    assert_eq!(date("2026-11-25").to_string(), "2026-11-25");
    assert_eq!(Date::new(2024, 2, 29).unwrap(), date("2024-02-29"));
    for wrong in [
        "2026-02-29",
        "20261125",
        "2026-1-05",
        "2026-13-01",
        "0000-01-01",
        "2026-11-25T",
        "2026-11-+5",
        "２026-1-01",
    ] {
        assert_eq!(Date::parse(wrong), Err(TimeError::Date(wrong.to_owned())));
    }
    assert_eq!(serde_json::to_string(&date("2026-11-25")).unwrap(), "\"2026-11-25\"");
    assert!(serde_json::from_str::<Date>("\"2026-11-31\"").is_err());
    assert_eq!(date("2026-11-25").weekday(), 3);
    assert!(date("2026-11-29").is_weekend() && !date("2026-11-27").is_weekend());
}

#[test]
fn three_months_after_the_31st_is_the_last_day_of_a_shorter_month() {
    for (from, months, to) in [
        ("2026-08-31", 3, "2026-11-30"),
        ("2026-11-30", 3, "2027-02-28"),
        ("2023-11-30", 3, "2024-02-29"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2026-12-15", 1, "2027-01-15"),
        ("2026-03-31", -1, "2026-02-28"),
    ] {
        assert_eq!(date(from).add_months(months), date(to), "{from} {months}");
    }
    assert_eq!(Date::MAX.add_days(1), Date::MAX);
    assert_eq!(Date::MIN.add_months(-1), Date::MIN);
    assert_eq!(Date::MIN.add_days(i32::MAX), Date::MAX);
}

#[test]
fn a_span_moves_a_time_by_the_local_calendar() {
    let zone = Zone::default();
    let from = time("2026-08-31T23:30:00+08:00");
    assert_eq!(zone.add(from, Span::months(3)), time("2026-11-30T23:30:00+08:00"));
    assert_eq!(
        zone.add(from, "P1DT12H".parse().unwrap()),
        time("2026-09-02T11:30:00+08:00")
    );
    // A day across the start of summer time keeps the wall clock; 24 hours do not.
    let berlin = Zone::named("Europe/Berlin").unwrap();
    let before = time("2026-03-28T12:00:00+01:00");
    assert_eq!(berlin.add(before, Span::days(1)), time("2026-03-29T12:00:00+02:00"));
    assert_eq!(berlin.add(before, Span::hours(24)), time("2026-03-29T13:00:00+02:00"));
}

#[test]
fn the_local_date_changes_at_local_midnight() {
    let zone = Zone::default();
    assert_eq!(zone.date(time("2026-11-25T15:59:59Z")), date("2026-11-25"));
    assert_eq!(zone.date(time("2026-11-25T16:00:00Z")), date("2026-11-26"));
    assert_eq!(zone.clock(time("2026-11-25T16:05:00Z")), (0, 5));
    assert_eq!(zone.at(date("2026-11-25"), 17, 0), time("2026-11-25T09:00:00Z"));
    assert_eq!(zone.start_of(date("2026-11-25")), time("2026-11-24T16:00:00Z"));
    assert_eq!(zone.at(date("2026-11-25"), 99, 99), time("2026-11-25T23:59:00+08:00"));
}

#[test]
fn a_zone_is_known_by_name() {
    assert_eq!(Zone::default().name(), "Asia/Shanghai");
    assert_eq!(serde_json::to_string(&Zone::default()).unwrap(), "\"Asia/Shanghai\"");
    assert_eq!(
        serde_json::from_str::<Zone>("\"Asia/Urumqi\"").unwrap().name(),
        "Asia/Urumqi"
    );
    assert!(Zone::named("Asia/Nowhere").is_err());
}

#[test]
fn dates_are_said_as_people_say_them() {
    let zone = Zone::default();
    let now = time("2026-11-22T10:00:00+08:00");
    let due = time("2026-11-25T17:00:00+08:00");
    assert_eq!(zone.human(due, now, Lang::Zh), "周三 11月25日 17:00");
    assert_eq!(zone.human(due, now, Lang::En), "Wed 25 Nov, 17:00");
    assert_eq!(zone.human_by(due, now, Lang::Zh), "周三 11月25日 17:00 前");
    assert_eq!(zone.human_by(due, now, Lang::En), "by Wed 25 Nov, 17:00");
    let next_year = time("2027-01-04T09:05:00+08:00");
    assert_eq!(zone.human(next_year, now, Lang::Zh), "周一 2027年1月4日 09:05");
    assert_eq!(zone.human(next_year, now, Lang::En), "Mon 4 Jan 2027, 09:05");
    // The year is compared where the reader lives: this is still 2026 in UTC.
    let new_years_eve = time("2027-01-01T07:00:00+08:00");
    assert_eq!(zone.human(new_years_eve, next_year, Lang::En), "Fri 1 Jan, 07:00");
    assert_eq!(zone.human_date(date("2026-12-06"), now, Lang::Zh), "周日 12月6日");
}

#[test]
fn spans_are_read_from_iso_and_from_what_people_type() {
    for (text, span) in [
        ("P100D", Span::days(100)),
        ("P3M", Span::months(3)),
        ("P1Y6M", Span::months(18)),
        ("P2W", Span::days(14)),
        ("PT36H", Span::hours(36)),
        ("PT90M", Span::minutes(90)),
        (
            "P1M2DT3H",
            Span {
                months: 1,
                days: 2,
                seconds: 10_800,
            },
        ),
        ("P0D", Span::default()),
    ] {
        assert_eq!(Span::parse(text), Ok(span), "{text}");
    }
    for wrong in [
        "",
        "P",
        "PT",
        "P1DT",
        "100D",
        "P-1D",
        "P1.5D",
        "P1D1M",
        "PT1D",
        "P1H",
        "PTT1H",
        "P1D1D",
        "PD",
        "P99999999999D",
        "P4294967295Y",
        "p1d",
    ] {
        assert_eq!(Span::parse(wrong), Err(TimeError::Span(wrong.to_owned())));
    }
    for (typed, span) in [
        ("100d", Span::days(100)),
        (" 3mo ", Span::months(3)),
        ("30min", Span::minutes(30)),
        ("P2W", Span::days(14)),
        ("1 y", Span::months(12)),
    ] {
        assert_eq!(Span::parse_typed(typed), Ok(span), "{typed}");
    }
    assert!(Span::parse_typed("5m").is_err(), "minutes or months? ask");
    assert!(Span::parse_typed("d").is_err());
}

#[test]
fn spans_are_said_in_both_languages() {
    let span = Span {
        months: 1,
        days: 2,
        seconds: 5_400,
    };
    assert_eq!(span.to_string(), "P1M2DT1H30M");
    assert_eq!(span.human(Lang::Zh), "1 个月 2 天 1 小时 30 分钟");
    assert_eq!(span.human(Lang::En), "1 month 2 days 1 hour 30 minutes");
    assert_eq!(Span::default().to_string(), "PT0S");
    assert_eq!(Span::default().human(Lang::En), "0 seconds");
    assert!(Span::default().is_zero() && !span.is_zero());
}

proptest! {
    #[test]
    fn a_month_later_is_in_the_next_month_on_the_same_day_or_its_last(days in 0_i32..60_000, n in -600_i32..600) {
        let from = date("1950-01-01").add_days(days);
        let to = from.add_months(n);
        let months = |d: Date| i32::from(d.year()) * 12 + i32::from(d.month());
        prop_assert_eq!(months(to) - months(from), n);
        let last_of_month = to.add_days(1).month() != to.month();
        prop_assert!(to.day() == from.day() || (to.day() < from.day() && last_of_month));
    }

    #[test]
    fn months_never_reorder_times(a in 0_i64..4_000_000_000_000, b in 0_i64..4_000_000_000_000, n in 0_u32..60) {
        let zone = Zone::default();
        let (a, b) = (Time::from_millis(a.min(b)), Time::from_millis(a.max(b)));
        prop_assert!(zone.add(a, Span::days(n)) <= zone.add(b, Span::days(n)));
        prop_assert!(zone.date(zone.add(a, Span::months(n))) <= zone.date(zone.add(b, Span::months(n))));
    }

    #[test]
    fn days_until_undoes_add_days(days in 0_i32..60_000, n in -20_000_i32..20_000) {
        let from = date("1950-01-01").add_days(days);
        prop_assert_eq!(from.days_until(from.add_days(n)), i64::from(n));
    }

    #[test]
    fn what_a_time_or_span_is_written_as_reads_back(millis in 0_i64..10_000_000_000_000, months: u16, days: u16, seconds: u32) {
        let at = Time::from_millis(millis);
        prop_assert_eq!(Time::parse_rfc3339(&at.rfc3339()), Ok(at));
        prop_assert_eq!(Time::parse_rfc3339(&Zone::default().rfc3339(at)), Ok(at));
        let span = Span { months: months.into(), days: days.into(), seconds: seconds.into() };
        prop_assert_eq!(Span::parse(&span.to_string()), Ok(span));
    }
}
