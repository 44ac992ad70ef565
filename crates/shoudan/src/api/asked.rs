//! Reading what a call asks: query parameters one by one, so that each wrong one is named.

use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, RawQuery};
use axum::http::request::Parts;
use domain::time::{Date, Time};
use operations::refused::{Done, Refused};
use operations::views::Paging;

use crate::app::App;
use crate::problem::Problem;

/// Which page of a list is wanted.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the parameters; each is read by name")]
pub struct Pages {
    /// Rows per page; 50 if none is named.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// `next_cursor` of the page before, unchanged.
    #[param(max_length = 100)]
    cursor: Option<String>,
}

/// The most rows of a page.
const MOST_ROWS: i64 = 200;

/// The query parameters of a call.
#[derive(Clone, Debug, Default)]
pub struct Asked(BTreeMap<String, String>);

impl FromRequestParts<App> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let RawQuery(query) = RawQuery::from_request_parts(parts, app).await.unwrap_or(RawQuery(None));
        Ok(Self::parse(query.as_deref().unwrap_or_default())?)
    }
}

impl Asked {
    fn parse(query: &str) -> Done<Self> {
        let mut asked = BTreeMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let (Some(name), Some(value)) = (unescaped(name), unescaped(value)) else {
                return Err(wrong(
                    "query",
                    "encoding",
                    "查询参数须为 UTF-8 百分号编码。",
                    "query parameters are percent-encoded UTF-8",
                ));
            };
            asked.insert(name, value);
        }
        Ok(Self(asked))
    }

    /// A parameter, if it was given and is not empty.
    pub fn text(&self, name: &str) -> Option<String> {
        self.0.get(name).filter(|value| !value.is_empty()).cloned()
    }

    /// A parameter, or the empty text, which filters read as «any».
    pub fn filter(&self, name: &str) -> String {
        self.text(name).unwrap_or_default()
    }

    /// `true` or `false`.
    pub fn flag(&self, name: &str) -> Done<Option<bool>> {
        match self.text(name).as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(wrong(name, "boolean", "请填 true 或 false。", "write true or false")),
        }
    }

    /// A moment: RFC 3339, or milliseconds UTC.
    pub fn time(&self, name: &str) -> Done<Option<Time>> {
        self.text(name).map(|text| time(name, &text)).transpose()
    }

    /// A local day, `YYYY-MM-DD`.
    pub fn date(&self, name: &str) -> Done<Option<Date>> {
        let date = |text: String| {
            Date::parse(&text).map_err(|e| wrong(name, "format", "日期格式如 2026-11-25。", &e.to_string()))
        };
        self.text(name).map(date).transpose()
    }

    /// `limit` and `cursor`.
    pub fn paging(&self) -> Done<Paging> {
        let limit = match self.text("limit") {
            None => Paging::default().limit,
            Some(text) => text
                .parse()
                .ok()
                .filter(|n| (1..=MOST_ROWS).contains(n))
                .ok_or_else(|| {
                    wrong(
                        "limit",
                        "range",
                        "limit 为 1 至 200 的整数。",
                        "limit is a whole number from 1 to 200",
                    )
                })?,
        };
        let cursor = self.text("cursor");
        if cursor
            .as_ref()
            .is_some_and(|c| c.len() > 100 || !c.bytes().all(|b| b.is_ascii_graphic()))
        {
            return Err(wrong(
                "cursor",
                "format",
                "cursor 须原样取自上一页的 next_cursor。",
                "a cursor comes unchanged from next_cursor of the page before",
            ));
        }
        Ok(Paging { limit, cursor })
    }
}

/// Reads a moment: RFC 3339, or milliseconds UTC.
pub fn time(name: &str, text: &str) -> Done<Time> {
    if let Ok(millis) = text.parse() {
        return Ok(Time::from_millis(millis));
    }
    // A plus sign that was not encoded arrives as a space.
    Time::parse_rfc3339(&text.replace(' ', "+"))
        .map_err(|e| wrong(name, "format", "时间格式如 2026-11-25T17:00:00+08:00。", &e.to_string()))
}

/// One wrong parameter.
pub fn wrong(name: &str, code: &str, zh: &str, en: &str) -> Refused {
    Refused::field(name, code, zh, en)
}

/// Undoes percent-encoding; none if the result is not UTF-8 or holds a NUL, which no value of ours may.
fn unescaped(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digit = |b: Option<u8>| {
                    b.and_then(|b| char::from(b).to_digit(16))
                        .and_then(|d| u8::try_from(d).ok())
                };
                let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
                high << 4 | low
            }
            other => other,
        });
    }
    String::from_utf8(out).ok().filter(|text| !text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_a_wrong_one_is_named() {
        let asked =
            Asked::parse("code=7K3-M9Q&q=%E5%95%86+%2B&limit=300&at=2026-11-25T17:00:00+08:00&live=maybe").unwrap();
        assert_eq!(asked.text("code").as_deref(), Some("7K3-M9Q"));
        assert_eq!(asked.filter("q"), "商 +");
        assert!(asked.time("at").unwrap().is_some());
        let named = |refused: Refused| match refused {
            Refused::Invalid(fields) => fields[0].field.clone(),
            other => panic!("{other}"),
        };
        assert_eq!(named(asked.paging().unwrap_err()), "limit");
        assert_eq!(named(asked.flag("live").unwrap_err()), "live");
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert!(Asked::parse("a=%FF").is_err());
        assert!(Asked::parse("a=%00").is_err());
        assert!(Asked::parse("a=%2").is_err());
    }
}
