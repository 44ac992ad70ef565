//! What every page is given besides its data: who looks, in which language, when and where.

use domain::names::Lang;
use domain::time::{Time, Zone};
use maud::{Markup, html};

use super::words::Word;

/// Light or dark, or as the person's system has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system has it.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// The value in the cookie and in `data-theme`; empty for the system's own.
    pub const fn code(self) -> &'static str {
        match self {
            Self::System => "",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Reads a cookie's or form's value; what is not known counts as the system's own.
    pub fn from_code(code: &str) -> Self {
        match code {
            "light" => Self::Light,
            "dark" => Self::Dark,
            _ => Self::System,
        }
    }
}

/// The person signed in, as far as the header shows them.
#[derive(Clone, Copy, Debug)]
pub struct Who<'a> {
    /// Display name.
    pub name: &'a str,
    /// Role in words.
    pub role: &'a str,
    /// The merchant or institution they act for.
    pub house: &'a str,
}

/// The institution that runs this system, as the public may check it.
#[derive(Clone, Debug)]
pub struct Institution {
    /// Name: Chinese, English.
    pub name: Word,
    /// The hotline as it is dialled.
    pub hotline: &'static str,
    /// When somebody answers.
    pub hours: Word,
    /// The official host name.
    pub site: &'static str,
    /// The number SMS come from.
    pub sms: &'static str,
    /// Number of the payment licence, as the regulator lists it.
    pub licence: &'static str,
}

/// What a page is given besides its data.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// Language of the words; data must come in the same.
    pub lang: Lang,
    /// Light or dark.
    pub theme: Theme,
    /// The moment the page speaks of.
    pub now: Time,
    /// The zone times are shown in.
    pub zone: &'a Zone,
    /// Path and query of this page, for the way back from a switch of language or a login.
    pub path: &'a str,
    /// Scheme and host, for addresses that leave the screen (QR, print).
    pub origin: &'a str,
    /// Who is signed in.
    pub who: Option<Who<'a>>,
    /// Who runs this.
    pub institution: &'a Institution,
    /// A demonstration: the page says so, and that its clock may be set.
    pub demo: bool,
}

impl Page<'_> {
    /// A word in the page's language.
    pub const fn say(&self, word: Word) -> &'static str {
        word.get(self.lang)
    }

    /// Whether `at` (milliseconds UTC) falls on the local day of the page.
    pub fn is_today(&self, at: i64) -> bool {
        self.zone.date(Time::from_millis(at)) == self.zone.date(self.now)
    }

    /// An instant as a person says it; today and tomorrow by these names.
    pub fn when_text(&self, at: i64) -> String {
        let at = Time::from_millis(at);
        let days = self.zone.date(self.now).days_until(self.zone.date(at));
        let (hour, minute) = self.zone.clock(at);
        match (days, self.lang) {
            (0, Lang::Zh) => format!("今天 {hour:02}:{minute:02}"),
            (0, Lang::En) => format!("today, {hour:02}:{minute:02}"),
            (1, Lang::Zh) => format!("明天 {hour:02}:{minute:02}"),
            (1, Lang::En) => format!("tomorrow, {hour:02}:{minute:02}"),
            _ => self.zone.human(at, self.now, self.lang),
        }
    }

    /// An instant as a `time` element.
    pub fn when(&self, at: i64) -> Markup {
        self.time(at, &self.when_text(at))
    }

    /// A deadline as a person says it: `周三 11月25日 17:00 前`, `by Wed 25 Nov, 17:00`.
    pub fn by_text(&self, at: i64) -> String {
        let when = self.when_text(at);
        match self.lang {
            Lang::Zh => format!("{when} 前"),
            Lang::En => format!("by {when}"),
        }
    }

    /// A deadline as a `time` element.
    pub fn by(&self, at: i64) -> Markup {
        self.time(at, &self.by_text(at))
    }

    /// The local day of an instant as a `time` element.
    pub fn day(&self, at: i64) -> Markup {
        let date = self.zone.date(Time::from_millis(at));
        self.time(at, &self.zone.human_date(date, self.now, self.lang))
    }

    /// The local time of day, `17:05`.
    pub fn clock(&self, at: i64) -> Markup {
        let (hour, minute) = self.zone.clock(Time::from_millis(at));
        self.time(at, &format!("{hour:02}:{minute:02}"))
    }

    /// The local time of day to the second, `17:05:09`.
    pub fn clock_exact(&self, at: i64) -> Markup {
        let exact = self.zone.rfc3339(Time::from_millis(at));
        self.time(at, exact.get(11..19).unwrap_or_default())
    }

    fn time(&self, at: i64, text: &str) -> Markup {
        let exact = self.zone.rfc3339(Time::from_millis(at));
        html! { time datetime=(exact) { (text) } }
    }
}
