//! What campaign was asked for.

use super::Name;

/// The text of `cargo xtask help` about it.
pub const HELP: &str = "\
cargo xtask campaign faults|kill|fuzz [--for 10m] [--seed N] [--engine sqlite] [--anew]
    Look for faults for a long time, from where the last run stopped. What was reached and
    found lies in target/campaign/NAME; the last line is the result.
      faults          terminals sell, void and settle over lines that lose, double, delay,
                      reorder, cut, replay and alter frames: money is where the slips say
      kill            the built server under load is killed at any moment and started again:
                      every answer it gave is stored, once
      fuzz            damaged messages, read by our decoder and by one that is not ours
      --for TIME      how long: 90s, 10m, 2h (10m)
      --seed N        from this seed on instead
      --engine sqlite without PostgreSQL beside it (faults, kill)
      --anew          forget what was reached and found";

/// How `cargo xtask campaign` was called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Which campaign.
    pub name: Name,
    /// For how long.
    pub seconds: u64,
    /// Where to begin instead of where the last run stopped.
    pub seed: Option<u64>,
    /// Whether PostgreSQL is tried as well.
    pub postgres: bool,
    /// Whether what was reached is forgotten.
    pub anew: bool,
}

const NAMES: [(&str, Name); 3] = [("faults", Name::Faults), ("kill", Name::Kill), ("fuzz", Name::Fuzz)];

/// Reads the words after `cargo xtask campaign`; none where help is asked for.
pub fn parse(words: &[String]) -> Result<Option<Options>, String> {
    let mut words = words.iter().map(String::as_str);
    let name = match words.next() {
        Some("--help" | "-h") => return Ok(None),
        other => other.unwrap_or_default(),
    };
    let known = NAMES.iter().find(|(known, _)| *known == name);
    let (_, name) = known.ok_or_else(|| format!("xtask campaign: it is faults, kill or fuzz, not `{name}`."))?;
    let mut options = Options {
        name: *name,
        seconds: 600,
        seed: None,
        postgres: true,
        anew: false,
    };
    while let Some(word) = words.next() {
        let mut value = || words.next().unwrap_or_default();
        match word {
            "--help" | "-h" => return Ok(None),
            "--anew" => options.anew = true,
            "--for" => options.seconds = seconds(value())?,
            "--seed" => {
                let text = value();
                let seed = text
                    .parse()
                    .map_err(|_| format!("xtask campaign: --seed takes a number, not `{text}`."))?;
                options.seed = Some(seed);
            }
            "--engine" => match value() {
                "sqlite" => options.postgres = false,
                other => return Err(format!("xtask campaign: --engine takes sqlite, not `{other}`.")),
            },
            other => return Err(format!("xtask campaign: there is no option `{other}`.")),
        }
    }
    Ok(Some(options))
}

/// `90s`, `10m`, `2h`.
fn seconds(text: &str) -> Result<u64, String> {
    let units = [("s", 1), ("m", 60), ("h", 3600)];
    let read = units
        .iter()
        .find_map(|(unit, length)| text.strip_suffix(unit)?.parse::<u64>().ok()?.checked_mul(*length));
    read.ok_or_else(|| format!("xtask campaign: --for takes a time such as 90s, 10m or 2h, not `{text}`."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Option<Options>, String> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_campaign_has_a_name_a_time_and_a_seed() {
        let options = read("kill --for 2h --seed 7 --engine sqlite").unwrap_or_default();
        let expected = Options {
            name: Name::Kill,
            seconds: 7200,
            seed: Some(7),
            postgres: false,
            anew: false,
        };
        assert_eq!(options, Some(expected));
        let usual = read("fuzz")
            .unwrap_or_default()
            .map(|options| (options.seconds, options.seed, options.postgres));
        assert_eq!(usual, Some((600, None, true)));
    }

    #[test]
    fn what_is_not_understood_is_refused_by_name() {
        for line in [
            "",
            "load",
            "fuzz --for",
            "fuzz --for ten",
            "fuzz --seed x",
            "kill --engine oracle",
            "kill --fast",
        ] {
            assert!(
                read(line).is_err_and(|refusal| refusal.starts_with("xtask campaign")),
                "{line}"
            );
        }
    }
}
