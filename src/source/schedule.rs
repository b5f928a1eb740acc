//! `schedule = "0 3 * * 1-5 Europe/Berlin"`: five cron fields and an IANA zone.

use std::ops::Range;

use croner::parser::{CronParser, Seconds, Year};
use jiff::tz;

use super::Schedule;
use crate::document::nearest;

const EXAMPLE: &str = "as in \"0 3 * * 1-5 Europe/Berlin\": minute, hour, day, month, weekday, zone";

/// Why a schedule cannot be kept.
#[derive(Debug)]
pub(super) struct Fault {
    /// Byte range in the text.
    pub(super) range: Range<usize>,
    pub(super) message: String,
    pub(super) help: String,
}

/// Reads a schedule.
pub(super) fn parse(text: &str) -> Result<Schedule, Fault> {
    let trimmed = text.trim_end();
    let zone_start = trimmed.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let (cron, zone) =
        (trimmed.get(..zone_start).unwrap_or_default().trim(), trimmed.get(zone_start..).unwrap_or_default());
    let fault = |range, message: String| Err(Fault { range, message, help: EXAMPLE.to_owned() });
    if !zone.starts_with(|letter: char| letter.is_ascii_alphabetic()) || zone.len() < 3 || is_weekday(zone) {
        return fault(0..text.len(), "a schedule ends with a time zone".to_owned());
    }
    let fields = cron.split_whitespace().count();
    if fields != 5 {
        return fault(
            0..zone_start,
            format!("a schedule has five fields before the zone, this one has {fields}"),
        );
    }
    if let Err(error) = jiff_zone(zone) {
        let help = error.map_or_else(|| EXAMPLE.to_owned(), |near| format!("did you mean `{near}`?"));
        return Err(Fault {
            range: zone_start..zone_start + zone.len(),
            message: format!("there is no time zone `{zone}`"),
            help,
        });
    }
    let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
    match parser.parse(cron) {
        Ok(parsed) if never_comes(&parsed) => fault(0..zone_start, "this day never comes".to_owned()),
        Ok(_) => Ok(Schedule {
            cron: cron.split_whitespace().collect::<Vec<_>>().join(" "),
            zone: zone.to_owned(),
        }),
        Err(error) => fault(0..zone_start, format!("this is not a cron expression: {error}")),
    }
}

/// Checks the zone; otherwise the nearest name, if one is near.
fn jiff_zone(name: &str) -> Result<(), Option<String>> {
    if tz::db().get(name).is_ok() {
        return Ok(());
    }
    let all: Vec<String> = tz::db().available().map(|zone| zone.as_str().to_owned()).collect();
    Err(nearest(name, all.iter().map(String::as_str)).map(str::to_owned))
}

/// `SUN` at the end is a weekday, not a zone.
fn is_weekday(word: &str) -> bool {
    let first: String = word.chars().take(3).collect::<String>().to_ascii_uppercase();
    ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"].contains(&first.as_str()) && !word.contains('/')
}

/// 30 February and the like.
fn never_comes(cron: &croner::Cron) -> bool {
    let start = jiff::civil::date(2026, 1, 1).to_zoned(tz::TimeZone::UTC);
    start.is_ok_and(|start| cron.find_next_occurrence(&start, true).is_err())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn sound_schedules_are_kept() {
        let schedule = parse("0  3 * * 1-5 Europe/Berlin").unwrap();
        assert_eq!((schedule.cron.as_str(), schedule.zone.as_str()), ("0 3 * * 1-5", "Europe/Berlin"));
        for text in [
            "*/15 * * * * UTC",
            "0 3 1,15 JAN-JUN MON America/Argentina/Buenos_Aires",
            "5 4 29 2 * Asia/Tokyo",
        ] {
            assert!(parse(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn others_are_refused_with_a_place() {
        for (text, part, word) in [
            ("0 3 * * 1-5", "0 3 * * 1-5", "time zone"),
            ("0 3 * * MON", "0 3 * * MON", "time zone"),
            ("0 3 * * 1-5 Europe/Berlim", "Europe/Berlim", "no time zone"),
            ("0 0 3 * * 1-5 Europe/Berlin", "0 0 3 * * 1-5 ", "five fields"),
            ("0 25 * * 1-5 Europe/Berlin", "0 25 * * 1-5 ", "cron"),
            ("0 3 30 2 * UTC", "0 3 30 2 * ", "never comes"),
            ("", "", "time zone"),
        ] {
            let fault = parse(text).unwrap_err();
            assert_eq!(text.get(fault.range).unwrap(), part, "{text}");
            assert!(fault.message.contains(word), "{text}: {}", fault.message);
        }
        assert!(parse("0 3 * * 1-5 Europe/Berlim").unwrap_err().help.contains("Europe/Berlin"));
    }
}
