//! Reads the comma-separated tables an institution keeps as data: a header line, then rows of as many columns.

/// Why a table could not be read. Lines count from 1, the header being line 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CsvError {
    /// The first line does not name the expected columns.
    #[error("line 1 must name the columns `{expected}`; it says `{found}`")]
    Header {
        /// The columns, separated by commas.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// A row with too many or too few columns.
    #[error("line {line} has {found} columns; it must have {expected}")]
    Columns {
        /// The line.
        line: usize,
        /// How many columns the header has.
        expected: usize,
        /// How many the row has.
        found: usize,
    },
    /// A quotation mark that is not closed, or stands inside an unquoted value.
    #[error("line {line} has a stray quotation mark; double one that belongs to the text, and quote the whole value")]
    Quote {
        /// The line.
        line: usize,
    },
    /// A value its column does not allow.
    #[error("line {line}, column `{column}`: `{value}` {problem}")]
    Value {
        /// The line.
        line: usize,
        /// The column.
        column: &'static str,
        /// What stands there.
        value: String,
        /// What is wrong with it and what to write instead.
        problem: String,
    },
}

impl CsvError {
    /// The line it is about.
    pub const fn line(&self) -> usize {
        match self {
            Self::Header { .. } => 1,
            Self::Columns { line, .. } | Self::Quote { line } | Self::Value { line, .. } => *line,
        }
    }
}

/// One row: its line number and its `N` values, without quotes and surrounding spaces.
#[derive(Debug)]
pub(crate) struct Row<const N: usize> {
    pub line: usize,
    columns: [&'static str; N],
    pub values: [String; N],
}

impl<const N: usize> Row<N> {
    /// The error that this row's value of the column at `index` is wrong.
    pub fn wrong(&self, index: usize, problem: impl Into<String>) -> CsvError {
        CsvError::Value {
            line: self.line,
            column: self.columns.get(index).copied().unwrap_or_default(),
            value: self.values.get(index).cloned().unwrap_or_default(),
            problem: problem.into(),
        }
    }
}

/// The rows of a table with exactly these columns. Empty lines and lines starting with `#` are passed over; a byte
/// order mark and Windows line ends do no harm.
pub(crate) fn rows<const N: usize>(text: &str, columns: [&'static str; N]) -> Result<Vec<Row<N>>, CsvError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut lines = text.lines().enumerate();
    let header = lines.next().map_or("", |(_, line)| line.trim());
    let expected = columns.join(",");
    if header != expected {
        return Err(CsvError::Header {
            expected,
            found: header.to_owned(),
        });
    }
    let mut rows = Vec::new();
    for (index, text) in lines {
        let line = index + 1;
        if text.trim().is_empty() || text.starts_with('#') {
            continue;
        }
        let values = split(text).ok_or(CsvError::Quote { line })?;
        let found = values.len();
        let values = values.try_into().map_err(|_| CsvError::Columns {
            line,
            expected: N,
            found,
        })?;
        rows.push(Row { line, columns, values });
    }
    Ok(rows)
}

/// The values of one line; `None` where a quotation mark is out of place.
fn split(line: &str) -> Option<Vec<String>> {
    let mut values = Vec::new();
    let mut rest = line.trim();
    loop {
        let (value, tail) = if let Some(quoted) = rest.strip_prefix('"') {
            quoted_value(quoted)?
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            let (value, tail) = rest.split_at(end);
            if value.contains('"') {
                return None;
            }
            (value.trim().to_owned(), tail)
        };
        values.push(value);
        match tail.strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None => return tail.is_empty().then_some(values),
        }
    }
}

/// The text up to the closing quotation mark, doubled ones made single, and what follows it.
fn quoted_value(mut rest: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    loop {
        let (before, after) = rest.split_once('"')?;
        value.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                value.push('"');
                rest = more;
            }
            None => return Some((value, after.trim_start())),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn values_may_be_quoted_and_lines_left_empty() {
        let text = "\u{feff}a,b\r\n1, two \r\n\r\n# note\n\"x, \"\"y\"\"\",\"\"\n3,";
        let read: Vec<_> = rows(text, ["a", "b"])
            .unwrap()
            .into_iter()
            .map(|row| (row.line, row.values.join("|")))
            .collect();
        let want = [(2, "1|two"), (5, "x, \"y\"|"), (6, "3|")];
        assert_eq!(read, want.map(|(line, text)| (line, text.to_owned())));
    }

    #[test]
    fn a_mistake_names_its_line() {
        assert!(matches!(rows("x,b\n", ["a", "b"]), Err(CsvError::Header { .. })));
        assert!(matches!(rows("", ["a"]), Err(CsvError::Header { .. })));
        let error = rows("a,b\n1,2\n1,2,3\n", ["a", "b"]).unwrap_err();
        assert_eq!(
            error,
            CsvError::Columns {
                line: 3,
                expected: 2,
                found: 3
            }
        );
        for broken in ["a\n\"open", "a\nin\"side", "a\n\"x\"y"] {
            assert_eq!(rows(broken, ["a"]).unwrap_err(), CsvError::Quote { line: 2 });
        }
        let row = rows("a,b\n1,2", ["a", "b"]).unwrap().remove(0);
        let error = row.wrong(1, "must be odd").to_string();
        assert_eq!(error, "line 2, column `b`: `2` must be odd");
    }
}
