//! From TOML text to tables, with the place of every row kept for error messages.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::downloads::{BlockedPrefix, CaKey, ChipApplication, ContactlessParameter, StatusFlag, TerminalParameter};
use super::embedded::EMBEDDED;
use super::postings;
use super::types::{
    Capability, Document, DormancyRung, Field, PlanRow, Reason, ResponseCode, Role, StageRow, Step, Tables,
};
use crate::cards::BinTable;
use crate::csv::CsvError;
use crate::fees::{Categories, FeeRow};
use crate::limits::{Counter, Limit};
use crate::posting::{Account, Template};

/// One thing wrong with a catalogue file, with the place and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {key}: {what}")]
pub struct Problem {
    /// File name inside the catalogue directory.
    pub file: String,
    /// 1-based line.
    pub line: usize,
    /// The row and key, e.g. `reason merchant.closed, ways_out`.
    pub key: String,
    /// What is wrong and what would be right.
    pub what: String,
}

/// Where a row stands, so that checks across tables can name the line of a key.
#[derive(Clone, Debug)]
pub(super) struct Place {
    file: String,
    first_line: usize,
    lines: Vec<String>,
}

impl Place {
    /// A problem at `key` of this row, or at the row's first line when the key is not written there. `en.slip` is the
    /// key `slip` under the heading that ends in `.en]`.
    pub(super) fn problem(&self, row: &str, key: &str, what: impl Into<String>) -> Problem {
        let (heading, name) = key.split_once('.').map_or(("", key), |(heading, name)| (heading, name));
        let under = self
            .lines
            .iter()
            .position(|l| !heading.is_empty() && l.trim_end().ends_with(&format!(".{heading}]")));
        let from = under.unwrap_or(0);
        let is_key = |l: &String| {
            l.trim_start()
                .strip_prefix(name)
                .is_some_and(|rest| rest.trim_start().starts_with('='))
        };
        let offset = self
            .lines
            .iter()
            .skip(from)
            .position(is_key)
            .map_or(from, |found| from + found);
        Problem {
            file: self.file.clone(),
            line: self.first_line + offset,
            key: if key.is_empty() {
                row.to_owned()
            } else {
                format!("{row}, {key}")
            },
            what: what.into(),
        }
    }
}

/// Places by `table/code`.
pub(super) type Places = BTreeMap<String, Place>;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    capability: Vec<Spanned<Capability>>,
    reason: Vec<Spanned<Reason>>,
    step: Vec<Spanned<Step>>,
    document: Vec<Spanned<Document>>,
    field: Vec<Spanned<Field>>,
    plan: Vec<Spanned<PlanRow>>,
    response_code: Vec<Spanned<ResponseCode>>,
    rung: Vec<Spanned<DormancyRung>>,
    role: Vec<Spanned<Role>>,
    stage: Vec<Spanned<StageRow>>,
    terminal_parameter: Vec<Spanned<TerminalParameter>>,
    tms_parameter: Vec<Spanned<TerminalParameter>>,
    ca_key: Vec<Spanned<CaKey>>,
    chip_application: Vec<Spanned<ChipApplication>>,
    blocked_prefix: Vec<Spanned<BlockedPrefix>>,
    contactless_parameter: Vec<Spanned<ContactlessParameter>>,
    status_flag: Vec<Spanned<StatusFlag>>,
    counter: Vec<Spanned<Counter>>,
    limit: Vec<Spanned<Limit>>,
    fee: Vec<Spanned<FeeRow>>,
    account: Vec<Spanned<Account>>,
    template: Vec<Spanned<Template>>,
}

struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    places: Places,
    problems: Vec<Problem>,
}

/// Reads every `.toml` file; other files (calendar, categories) are read by their own modules.
pub(super) fn read(files: &[(String, String)]) -> Result<(Tables, Places), Vec<Problem>> {
    let mut tables = Tables::default();
    let mut places = Places::new();
    let mut problems = Vec::new();
    let own = files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    let lacks_books = !files.iter().any(|(name, _)| name == postings::FILE);
    let shipped = EMBEDDED
        .iter()
        .copied()
        .filter(|(name, _)| lacks_books && *name == postings::FILE);
    for (name, text) in own
        .filter(|(name, _)| name.rsplit_once('.').is_some_and(|(_, ending)| ending == "toml"))
        .chain(shipped)
    {
        let mut reader = Reader {
            file: name,
            text,
            places,
            problems,
        };
        match toml::from_str::<File>(text) {
            Ok(file) => reader.take(file, &mut tables),
            Err(error) => reader.problems.push(syntax(name, text, &error)),
        }
        Reader { places, problems, .. } = reader;
    }
    tables.dormancy.sort_by_key(|rung| rung.idle_months);
    tables.bins = csv(files, "bins.csv", BinTable::parse, &mut problems);
    tables.categories = csv(files, "mcc.csv", Categories::parse, &mut problems);
    if problems.is_empty() {
        Ok((tables, places))
    } else {
        Err(problems)
    }
}

/// A table of values: the file among `files`, or else the shipped one.
fn csv<T: Default>(
    files: &[(String, String)],
    name: &str,
    parse: fn(&str) -> Result<T, CsvError>,
    problems: &mut Vec<Problem>,
) -> T {
    let own = files
        .iter()
        .find(|(file, _)| file == name)
        .map(|(_, text)| text.as_str());
    let shipped = || EMBEDDED.iter().find(|(file, _)| *file == name).map(|(_, text)| *text);
    parse(own.or_else(shipped).unwrap_or_default()).unwrap_or_else(|error| {
        problems.push(Problem {
            file: name.to_owned(),
            line: error.line(),
            key: "row".to_owned(),
            what: error.to_string(),
        });
        T::default()
    })
}

/// A reading error at its line. The key is the nearest `key =` at or above the span.
fn syntax(file: &str, text: &str, error: &toml::de::Error) -> Problem {
    let start = error.span().map_or(0, |s| s.start.min(text.len()));
    let before = text.get(..start).unwrap_or("");
    let line = before.matches('\n').count() + 1;
    let here = text.lines().nth(line - 1).unwrap_or("").trim();
    let key = here.split('=').next().unwrap_or("").trim();
    Problem {
        file: file.to_owned(),
        line,
        key: if key.is_empty() {
            "file".to_owned()
        } else {
            key.to_owned()
        },
        what: error.message().to_owned(),
    }
}

impl Reader<'_> {
    fn take(&mut self, file: File, tables: &mut Tables) {
        self.rows(
            "capability",
            file.capability,
            |r| r.code.clone(),
            &mut tables.capabilities,
        );
        self.rows("reason", file.reason, |r| r.code.clone(), &mut tables.reasons);
        self.rows("step", file.step, |r| r.code.clone(), &mut tables.steps);
        self.rows("document", file.document, |r| r.code.clone(), &mut tables.documents);
        self.rows("field", file.field, |r| r.code.clone(), &mut tables.fields);
        self.rows("plan", file.plan, |r| r.code.clone(), &mut tables.plans);
        self.rows(
            "response_code",
            file.response_code,
            |r| r.code.clone(),
            &mut tables.response_codes,
        );
        self.rows("role", file.role, |r| r.code.clone(), &mut tables.roles);
        let mut stages = BTreeMap::new();
        self.rows(
            "stage",
            file.stage,
            |r| format!("{}.{}", r.machine.code(), r.stage),
            &mut stages,
        );
        tables.stages.extend(
            stages
                .into_values()
                .map(|row: StageRow| ((row.machine, row.stage.clone()), row)),
        );
        let mut rungs = BTreeMap::new();
        self.rows("rung", file.rung, |r| r.reason.clone(), &mut rungs);
        tables.dormancy.extend(rungs.into_values());
        tables
            .limits
            .counters
            .extend(self.list("counter", file.counter, |r| r.code.clone()));
        tables
            .limits
            .limits
            .extend(self.list("limit", file.limit, |r| r.code.clone()));
        tables.fees.extend(self.list("fee", file.fee, |r| r.code.clone()));
        let books = &mut tables.books;
        books
            .accounts
            .extend(self.list("account", file.account, |r| r.code.clone()));
        books
            .templates
            .extend(self.list("template", file.template, Template::code));
        let to = &mut tables.downloads;
        self.rows(
            "terminal_parameter",
            file.terminal_parameter,
            |r| r.tag.clone(),
            &mut to.parameters,
        );
        self.rows("tms_parameter", file.tms_parameter, |r| r.tag.clone(), &mut to.tms);
        self.rows("ca_key", file.ca_key, |r| r.code.clone(), &mut to.ca_keys);
        self.rows(
            "chip_application",
            file.chip_application,
            |r| r.aid.clone(),
            &mut to.chip,
        );
        self.rows(
            "blocked_prefix",
            file.blocked_prefix,
            |r| r.prefix.clone(),
            &mut to.blocked,
        );
        self.rows(
            "contactless_parameter",
            file.contactless_parameter,
            |r| r.tag.clone(),
            &mut to.contactless,
        );
        self.rows("status_flag", file.status_flag, |r| r.tag.clone(), &mut to.status_flags);
    }

    /// Rows whose order matters.
    fn list<T>(&mut self, table: &str, rows: Vec<Spanned<T>>, code: impl Fn(&T) -> String) -> Vec<T> {
        let order: Vec<String> = rows.iter().map(|row| code(row.get_ref())).collect();
        let mut by_code = BTreeMap::new();
        self.rows(table, rows, code, &mut by_code);
        order.iter().filter_map(|code| by_code.remove(code)).collect()
    }

    fn rows<T>(
        &mut self,
        table: &str,
        rows: Vec<Spanned<T>>,
        code: impl Fn(&T) -> String,
        into: &mut BTreeMap<String, T>,
    ) {
        let starts: Vec<usize> = rows.iter().map(|r| r.span().start).collect();
        for (i, row) in rows.into_iter().enumerate() {
            let end = starts.get(i + 1).copied().unwrap_or(self.text.len());
            let start = starts.get(i).copied().unwrap_or(0);
            let place = Place {
                file: self.file.to_owned(),
                first_line: self.text.get(..start).unwrap_or("").matches('\n').count() + 1,
                lines: self
                    .text
                    .get(start..end)
                    .unwrap_or("")
                    .lines()
                    .map(str::to_owned)
                    .collect(),
            };
            let row = row.into_inner();
            let code = code(&row);
            let id = format!("{table} {code}");
            if into.contains_key(&code) || self.places.contains_key(&id) {
                self.problems
                    .push(place.problem(&id, "code", "this code stands twice; give one row another code"));
                continue;
            }
            self.places.insert(id, place);
            into.insert(code, row);
        }
    }
}
