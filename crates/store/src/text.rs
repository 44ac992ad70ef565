//! Reading SQL text just far enough: what is code, what is quoted, where a statement ends.

/// A stretch of SQL text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Code,
    /// A string, a quoted name or a dollar-quoted body.
    Quoted,
    Comment,
}

/// Cuts text into code, quoted text and comments. A doubled quote makes two quoted pieces, which does no harm.
fn pieces(sql: &str) -> Vec<(Kind, &str)> {
    let mut found = Vec::new();
    let mut rest = sql;
    let mut code = 0;
    while let Some(next) = rest.get(code..).and_then(|tail| tail.chars().next()) {
        let (before, tail) = rest.split_at(code);
        let special = match next {
            '\'' | '"' => Some((Kind::Quoted, tail.get(1..).and_then(|t| t.find(next)).map(|at| at + 2))),
            '-' if tail.starts_with("--") => Some((Kind::Comment, tail.find('\n'))),
            '/' if tail.starts_with("/*") => Some((Kind::Comment, tail.find("*/").map(|at| at + 2))),
            '$' if !before.ends_with(is_word) => {
                dollar_tag(tail).map(|tag| (Kind::Quoted, closing(tail, tag).map(|at| at + tag.len())))
            }
            _ => None,
        };
        let Some((kind, end)) = special else {
            code += next.len_utf8();
            continue;
        };
        let (body, after) = tail.split_at(end.unwrap_or(tail.len()));
        found.push((Kind::Code, before));
        found.push((kind, body));
        rest = after;
        code = 0;
    }
    found.push((Kind::Code, rest));
    found.retain(|(_, text)| !text.is_empty());
    found
}

/// `$$` or `$name$` at the beginning of `text`; not `$1`.
fn dollar_tag(text: &str) -> Option<&str> {
    let name = text.get(1..)?;
    let end = name.find('$')?;
    let tag = name.get(..end)?;
    let fits = tag.chars().all(is_word) && !tag.starts_with(|c: char| c.is_ascii_digit());
    if fits { text.get(..end + 2) } else { None }
}

fn closing(text: &str, tag: &str) -> Option<usize> {
    text.get(tag.len()..)?.find(tag).map(|at| at + tag.len())
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// `$1` as `?1`: SQLite takes `$1` for a name and would number such names by first appearance.
pub(crate) fn number_placeholders(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    for (kind, text) in pieces(sql) {
        let mut rest = text;
        while kind == Kind::Code
            && let Some(at) = placeholder(rest)
        {
            let (before, mark) = rest.split_at(at);
            out.push_str(before);
            out.push('?');
            rest = mark.get(1..).unwrap_or_default();
        }
        out.push_str(rest);
    }
    out
}

/// How many arguments a text takes: its highest placeholder.
pub(crate) fn arguments(sql: &str) -> usize {
    let mut highest = 0;
    for (_, text) in pieces(sql).into_iter().filter(|(kind, _)| *kind == Kind::Code) {
        let mut rest = text;
        while let Some(at) = placeholder(rest) {
            rest = rest.get(at + 1..).unwrap_or_default();
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            highest = highest.max(rest.get(..digits).and_then(|number| number.parse().ok()).unwrap_or(0));
        }
    }
    highest
}

/// Where the first `$1`-like mark in code stands. A `$` inside a name is none.
fn placeholder(code: &str) -> Option<usize> {
    code.match_indices('$').map(|(at, _)| at).find(|at| {
        let (before, mark) = code.split_at(*at);
        !before.ends_with(is_word)
            && mark
                .get(1..)
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    })
}

/// The statements of a text, without their semicolons. Semicolons inside quotes, comments and the `begin … end` bodies
/// of triggers and functions do not end a statement.
pub(crate) fn statements(sql: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut now = Statement::default();
    for (kind, text) in pieces(sql) {
        if kind != Kind::Code {
            now.has_code |= kind == Kind::Quoted;
            now.text.push_str(text);
            continue;
        }
        for token in tokens(text) {
            if token == ";" && now.depth == 0 {
                found.push(std::mem::take(&mut now));
            } else {
                now.add(token);
            }
        }
    }
    found.push(now);
    found.retain(|statement| statement.has_code);
    found
        .into_iter()
        .map(|statement| statement.text.trim().to_owned())
        .collect()
}

#[derive(Default)]
struct Statement {
    text: String,
    has_code: bool,
    words: usize,
    creates: bool,
    has_body: bool,
    depth: usize,
}

impl Statement {
    fn add(&mut self, token: &str) {
        self.text.push_str(token);
        self.has_code |= !token.trim().is_empty();
        if !token.starts_with(is_word) {
            return;
        }
        let word = token.to_ascii_lowercase();
        self.words += 1;
        self.creates |= self.words == 1 && word == "create";
        // "create or replace constraint trigger" is the longest opening.
        let names_body = matches!(word.as_str(), "trigger" | "function" | "procedure");
        self.has_body |= self.creates && self.words <= 5 && names_body;
        match word.as_str() {
            "begin" | "case" if self.has_body => self.depth += 1,
            "end" if self.has_body => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }
}

/// Code as words and single other characters.
fn tokens(code: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let end = if is_word(first) {
            rest.find(|c| !is_word(c)).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(end);
        found.push(token);
        rest = after;
    }
    found
}

/// A statement of a schema as SQLite should hold it: `create table` becomes strict, so that SQLite too refuses text in
/// a `bigint` and, above all, the float that an overflowing sum turns into. Strict tables know fewer type names.
pub(crate) fn strict(statement: &str) -> String {
    let code = pieces(statement);
    let mut words = code
        .iter()
        .filter(|(kind, _)| *kind == Kind::Code)
        .flat_map(|(_, text)| tokens(text))
        .filter(|token| token.starts_with(is_word))
        .map(str::to_ascii_lowercase);
    let (verb, noun) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if noun != "table" || (verb != "create" && verb != "alter") {
        return statement.to_owned();
    }
    let mut out = String::with_capacity(statement.len() + 8);
    for (kind, text) in code {
        if kind != Kind::Code {
            out.push_str(text);
            continue;
        }
        for token in tokens(text) {
            // "int", not "integer": an integer primary key would number itself.
            out.push_str(match token.to_ascii_lowercase().as_str() {
                "bigint" | "boolean" => "int",
                "bytea" => "blob",
                _ => token,
            });
        }
    }
    if verb == "create" {
        // On a line of its own, as the text may end in a comment.
        out.push_str("\nstrict");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{arguments, number_placeholders, statements, strict};

    #[test]
    fn only_placeholders_in_code_are_renumbered() {
        let table = [
            ("select $2, $1", "select ?2, ?1"),
            ("select '$1', \"a$1\", $10", "select '$1', \"a$1\", ?10"),
            ("select 'it''s $1' -- $2\n, $3", "select 'it''s $1' -- $2\n, ?3"),
            ("select /* $1 ' */ $1", "select /* $1 ' */ ?1"),
            ("select a$1, '收$1单', $1", "select a$1, '收$1单', ?1"),
            ("select 'unfinished $1", "select 'unfinished $1"),
        ];
        for (given, expected) in table {
            assert_eq!(number_placeholders(given), expected);
        }
        assert_eq!(arguments("select $2, '$9', $10 -- $11"), 10);
        assert_eq!(arguments("select 1"), 0);
    }

    #[test]
    fn statements_end_where_a_reader_would_end_them() {
        let text = "create table a (b text default ';'); -- one; two\n\
            create trigger t before update on a begin\n  select case when 1 then 2 end; select raise(abort, 'no; never');\nend;\n\
            create function f() returns trigger as $body$ begin raise exception 'x;'; end; $body$ language plpgsql;\n\
            create trigger u before update on a for each row execute function f();\n\
            ; /* nothing; here */ ;\n\
            select 1";
        let found = statements(text);
        let beginnings: Vec<&str> = found
            .iter()
            .map(|s| s.lines().find(|l| !l.starts_with("--")).unwrap_or(""))
            .collect();
        assert_eq!(
            beginnings,
            [
                "create table a (b text default ';')",
                "create trigger t before update on a begin",
                "create function f() returns trigger as $body$ begin raise exception 'x;'; end; $body$ language plpgsql",
                "create trigger u before update on a for each row execute function f()",
                "select 1",
            ]
        );
    }

    #[test]
    fn tables_become_strict_and_other_statements_stay() {
        assert_eq!(
            strict(
                "create table if not exists t (a bigint primary key, b bytea, c boolean, d text default 'bigint') -- x"
            ),
            "create table if not exists t (a int primary key, b blob, c int, d text default 'bigint') -- x\nstrict"
        );
        assert_eq!(
            strict("alter table t add column e bigint"),
            "alter table t add column e int"
        );
        assert_eq!(strict("create index i on t (bigint)"), "create index i on t (bigint)");
    }
}
